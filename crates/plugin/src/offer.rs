//! What a plugin offers: the names of its types at once, their schemas when they are used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use prost::Message;
use prost::bytes::Bytes;
use weir_provider::{Fault, ProviderSchema, Schemas};

use crate::identity::Identity;
use crate::protocol::tfplugin6::{self as wire, get_provider_schema::Response, schema::Block};
use crate::schema::{self, decoded};

/// What a plugin has said of itself, in the form of version 6 and without what only people read.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Told {
    #[prost(message, required, tag = "1")]
    pub(crate) answer: Response,
    #[prost(map = "string, message", tag = "2")]
    pub(crate) identities: HashMap<String, wire::ResourceIdentitySchema>,
}

impl Told {
    /// Takes what a plugin of that version of the protocol has said.
    pub(crate) fn new(version: u8, mut answer: Response, identities: HashMap<String, wire::ResourceIdentitySchema>) -> Self {
        let plain = |bytes: &mut Bytes| {
            // One that cannot be read is complained about when somebody needs it.
            if let Ok(mut schema) = decoded(version, bytes) {
                schema.block.iter_mut().for_each(schema::forget_descriptions);
                *bytes = schema.encode_to_vec().into();
            }
        };
        plain(&mut answer.provider);
        for schemas in [&mut answer.resource_schemas, &mut answer.data_source_schemas, &mut answer.ephemeral_resource_schemas] {
            schemas.values_mut().for_each(plain);
        }
        Self { answer, identities }
    }
}

/// What all processes of one program have in common.
pub(crate) struct Offer {
    pub(crate) schema: Arc<ProviderSchema>,
    told: Arc<Told>,
    blocks: Mutex<HashMap<String, Arc<Block>>>,
    /// It wants to be asked for a plan of a destruction.
    pub(crate) plan_destroy: bool,
    /// It can make objects of other types its own.
    pub(crate) moves: bool,
    /// It works without having been asked for its schemas.
    pub(crate) schema_optional: bool,
}

impl Offer {
    /// Reads what was told; schemas of types are left for when they are needed.
    pub(crate) fn new(told: Told) -> Result<Self, Fault> {
        let told = Arc::new(told);
        let lazy = |schemas: fn(&Response) -> &HashMap<String, Bytes>| {
            let all = told.clone();
            Schemas::lazy(schemas(&told.answer).keys().map(|name| Arc::from(name.as_str())), move |name| {
                schema::one(name, schemas(&all.answer).get(name).map(|bytes| decoded(6, bytes)).transpose()?.as_ref())
            })
        };
        let functions = told.answer.functions.iter().map(|(name, bytes)| {
            let offered = wire::Function::decode(bytes.clone()).map_err(|error| schema::unreadable(name, &error))?;
            Ok((Arc::from(name.as_str()), Arc::new(schema::function(name, &offered)?)))
        });
        let schema = ProviderSchema {
            config: schema::one("the provider", Some(&decoded(6, &told.answer.provider)?))?,
            resources: lazy(|answer| &answer.resource_schemas),
            data_sources: lazy(|answer| &answer.data_source_schemas),
            ephemeral: lazy(|answer| &answer.ephemeral_resource_schemas),
            functions: functions.collect::<Result<_, Fault>>()?,
        };
        let capabilities = told.answer.server_capabilities.unwrap_or_default();
        Ok(Self {
            schema: Arc::new(schema),
            told,
            blocks: Mutex::default(),
            plan_destroy: capabilities.plan_destroy,
            moves: capabilities.move_resource_state,
            schema_optional: capabilities.get_provider_schema_optional,
        })
    }

    /// The block of a managed resource type as the plugin told it, by which the proposed state of an object is made.
    pub(crate) fn block(&self, type_name: &str) -> Option<Arc<Block>> {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = blocks.get(type_name) {
            return Some(known.clone());
        }
        let block = Arc::new(decoded(6, self.told.answer.resource_schemas.get(type_name)?).ok()?.block?);
        blocks.insert(type_name.to_owned(), block.clone());
        Some(block)
    }

    /// What tells the objects of a managed resource type apart; `None` when the plugin does not say.
    pub(crate) fn identity(&self, type_name: &str) -> Result<Option<Identity>, Fault> {
        self.told.identities.get(type_name).map(|told| Identity::new(type_name, told)).transpose()
    }
}
