//! State files, version 4, to [`State`].
//!
//! One pass over the text: what lies in `attributes` is only skipped over, then kept without its indentation. Equal paths, providers and dependency lists are parsed once
//! and shared.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::io::Read;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;
use weir_addr::{InstanceKey, Mode, ModulePath, ProviderConfigAddr, ResourceAddr, StepKind};
use weir_value::{Marks, Path, PathStep, Type, decode_json};

use crate::{Extra, InstanceObjects, OutputValue, RawJson, Record, ResourceState, State, StateError, Status, WeirSection};

/// What says whether one state may follow another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// [`State::lineage`]
    pub lineage: Arc<str>,
    /// [`State::serial`]
    pub serial: u64,
}

impl State {
    /// Reads a state file.
    pub fn parse(bytes: &[u8]) -> Result<Self, StateError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(StateError::Empty);
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() => {
                return Err(StateError::Truncated { message: "within a character".to_owned() });
            }
            Err(error) => return Err(StateError::NotJson { message: error.to_string() }),
        };
        let file = match serde_json::from_str::<FileIn<'_>>(text) {
            Ok(file) => file,
            Err(error) => return Err(refuse(text, &error)),
        };
        match file.version {
            Some(4) => file.into_state(),
            Some(found) => Err(version(found)),
            None => Err(StateError::corrupt("it has no \"version\"")),
        }
    }
}

impl Header {
    /// Reads the beginning of a state file, as far as it must.
    pub fn read(reader: impl Read) -> Result<Self, StateError> {
        let mut found = Partial::default();
        let mut json = serde_json::Deserializer::from_reader(reader);
        let outcome = found.deserialize(&mut json);
        match (found, outcome) {
            (Partial { lineage: Some(lineage), serial: Some(serial), .. }, _) => Ok(Self { lineage, serial }),
            (_, Err(error)) if error.is_eof() => Err(StateError::Truncated { message: error.to_string() }),
            (_, Err(error)) if error.is_syntax() => Err(StateError::NotJson { message: error.to_string() }),
            (_, Err(error)) => Err(StateError::corrupt(error.to_string())),
            (_, Ok(())) => Err(StateError::corrupt("it has no \"lineage\" and \"serial\"")),
        }
    }
}

fn version(found: u64) -> StateError {
    let advice =
        if found > 4 { "It was written by a newer program: use that one" } else { "Let Terraform 1.x or OpenTofu rewrite it first (`terraform apply -refresh-only`)" };
    StateError::Version { found, advice }
}

/// The reason that helps most: a file of another version need not look like one of ours.
fn refuse(text: &str, error: &serde_json::Error) -> StateError {
    #[derive(Deserialize)]
    struct Version {
        version: u64,
    }
    let message = error.to_string();
    if error.is_eof() || error.is_syntax() {
        return broken(text, error);
    }
    match serde_json::from_str::<Version>(text) {
        Ok(Version { version: found }) if found != 4 => version(found),
        Err(error) if error.is_eof() || error.is_syntax() => broken(text, &error),
        _ => StateError::corrupt(message),
    }
}

/// Cut off, or not JSON. A number that is cut off after its point is wrong at the last byte rather than at the end.
fn broken(text: &str, error: &serde_json::Error) -> StateError {
    let message = error.to_string();
    let (lines, last) = text.split('\n').fold((0, 0), |(count, _), line| (count + 1, line.len()));
    if error.is_eof() || error.line() >= lines && error.column() >= last && text.starts_with('{') {
        StateError::Truncated { message }
    } else {
        StateError::NotJson { message }
    }
}

#[derive(Default)]
struct Partial {
    version: Option<u64>,
    lineage: Option<Arc<str>>,
    serial: Option<u64>,
}

impl<'de> DeserializeSeed<'de> for &mut Partial {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Partial {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a state")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "version" => self.version = Some(map.next_value()?),
                "lineage" => self.lineage = Some(map.next_value()?),
                "serial" => self.serial = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            if let Some(found) = self.version.filter(|version| *version != 4) {
                return Err(A::Error::custom(version(found)));
            }
            if self.lineage.is_some() && self.serial.is_some() {
                return Err(A::Error::custom("the rest does not matter"));
            }
        }
        Ok(())
    }
}

/// A string that is borrowed when it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Reader)
    }
}

impl Text<'_> {
    fn shared(&self) -> Arc<str> {
        (*self.0).into()
    }
}

type ExtraIn<'a> = Vec<(Text<'a>, &'a RawValue)>;

fn extra(members: ExtraIn<'_>) -> Extra {
    members.into_iter().map(|(name, raw)| (name.shared(), RawJson::compacted(raw))).collect()
}

/// A struct that is read member by member; what has no name here goes to its last member, `extra`.
macro_rules! members {
    ($ty:ident, $what:literal, { $($name:literal => $field:ident),* $(,)? }) => {
        impl<'de: 'a, 'a> Deserialize<'de> for $ty<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Reader;
                impl<'de> Visitor<'de> for Reader {
                    type Value = $ty<'de>;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($what)
                    }
                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$ty<'de>, A::Error> {
                        let mut out = $ty::default();
                        while let Some(key) = map.next_key::<Text<'de>>()? {
                            match &*key.0 {
                                $($name => out.$field = map.next_value()?,)*
                                _ => out.extra.push((key, map.next_value()?)),
                            }
                        }
                        Ok(out)
                    }
                }
                deserializer.deserialize_map(Reader)
            }
        }
    };
}

#[derive(Default)]
struct FileIn<'a> {
    version: Option<u64>,
    terraform_version: Option<Arc<str>>,
    serial: Option<u64>,
    lineage: Option<Arc<str>>,
    outputs: Option<BTreeMap<Arc<str>, OutputIn<'a>>>,
    resources: Option<Vec<ResourceIn<'a>>>,
    check_results: Option<&'a RawValue>,
    weir: Option<WeirSection>,
    extra: ExtraIn<'a>,
}
members!(FileIn, "a state", {
    "version" => version,
    "terraform_version" => terraform_version,
    "serial" => serial,
    "lineage" => lineage,
    "outputs" => outputs,
    "resources" => resources,
    "check_results" => check_results,
    "weir" => weir,
});

#[derive(Default)]
struct OutputIn<'a> {
    value: Option<&'a RawValue>,
    ty: Option<&'a RawValue>,
    sensitive: Option<bool>,
    extra: ExtraIn<'a>,
}
members!(OutputIn, "an output", { "value" => value, "type" => ty, "sensitive" => sensitive });

#[derive(Default)]
struct ResourceIn<'a> {
    module: Option<Text<'a>>,
    mode: Option<Mode>,
    type_: Option<Text<'a>>,
    name: Option<Text<'a>>,
    provider: Option<Text<'a>>,
    instances: Option<Vec<InstanceIn<'a>>>,
    extra: ExtraIn<'a>,
}
members!(ResourceIn, "a resource", {
    "module" => module,
    "mode" => mode,
    "type" => type_,
    "name" => name,
    "provider" => provider,
    "instances" => instances,
});

#[derive(Default)]
pub(crate) struct InstanceIn<'a> {
    key: KeyIn,
    status: Option<Text<'a>>,
    deposed: Option<Text<'a>>,
    schema_version: u64,
    attributes: Option<&'a RawValue>,
    sensitive: Option<&'a RawValue>,
    private: Option<Arc<str>>,
    dependencies: Option<&'a RawValue>,
    create_before_destroy: bool,
    extra: ExtraIn<'a>,
}
members!(InstanceIn, "an instance", {
    "index_key" => key,
    "status" => status,
    "deposed" => deposed,
    "schema_version" => schema_version,
    "attributes" => attributes,
    "sensitive_attributes" => sensitive,
    "private" => private,
    "dependencies" => dependencies,
    "create_before_destroy" => create_before_destroy,
});

#[derive(Default)]
struct KeyIn(Option<InstanceKey>);

impl<'de> Deserialize<'de> for KeyIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = KeyIn;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an index_key: a string or a whole number")
            }
            fn visit_str<E: de::Error>(self, key: &str) -> Result<KeyIn, E> {
                Ok(KeyIn(Some(key.into())))
            }
            fn visit_u64<E: de::Error>(self, index: u64) -> Result<KeyIn, E> {
                Ok(KeyIn(Some(index.into())))
            }
            fn visit_unit<E: de::Error>(self) -> Result<KeyIn, E> {
                Ok(KeyIn(None))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[derive(Deserialize)]
struct StepIn<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    value: &'a RawValue,
}

/// What was parsed before, so that equal texts share one value.
pub(crate) struct Shared<'a> {
    stages: BTreeSet<Arc<str>>,
    modules: HashMap<String, ModulePath>,
    names: HashMap<String, Arc<str>>,
    providers: HashMap<String, ProviderConfigAddr>,
    resources: HashMap<String, ResourceAddr>,
    dependencies: HashMap<&'a str, Arc<[ResourceAddr]>>,
    none: Arc<[ResourceAddr]>,
}

impl<'a> Shared<'a> {
    pub(crate) fn new(stages: BTreeSet<Arc<str>>) -> Self {
        Self {
            stages,
            modules: HashMap::new(),
            names: HashMap::new(),
            providers: HashMap::new(),
            resources: HashMap::new(),
            dependencies: HashMap::new(),
            none: Arc::from([]),
        }
    }

    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(shared) = self.names.get(name) {
            return shared.clone();
        }
        let shared: Arc<str> = name.into();
        self.names.insert(name.to_owned(), shared.clone());
        shared
    }

    /// The path, its first step a stage if there is one of that name.
    fn as_stage(&self, path: ModulePath) -> ModulePath {
        match path.steps().first() {
            Some(first) if self.stages.contains(&first.name) => path.with_first_kind(StepKind::Stage),
            _ => path,
        }
    }

    fn module(&mut self, text: &str) -> Result<ModulePath, String> {
        if let Some(path) = self.modules.get(text) {
            return Ok(path.clone());
        }
        let path: ModulePath = text.parse().map_err(|error: weir_addr::AddrError| error.to_string())?;
        let path = self.as_stage(path);
        self.modules.insert(text.to_owned(), path.clone());
        Ok(path)
    }

    fn provider(&mut self, text: &str) -> Result<ProviderConfigAddr, String> {
        if let Some(provider) = self.providers.get(text) {
            return Ok(provider.clone());
        }
        let mut provider: ProviderConfigAddr = text.parse().map_err(|error: weir_addr::AddrError| error.to_string())?;
        provider.module = self.as_stage(provider.module);
        self.providers.insert(text.to_owned(), provider.clone());
        Ok(provider)
    }

    fn dependencies(&mut self, raw: Option<&'a RawValue>) -> Result<Arc<[ResourceAddr]>, String> {
        let Some(text) = raw.map(RawValue::get).filter(|text| *text != "null") else { return Ok(self.none.clone()) };
        if let Some(list) = self.dependencies.get(text) {
            return Ok(list.clone());
        }
        let names: Vec<Text<'a>> = serde_json::from_str(text).map_err(|error| format!("dependencies: {error}"))?;
        let mut list = Vec::with_capacity(names.len());
        for Text(name) in names {
            if let Some(addr) = self.resources.get(&*name) {
                list.push(addr.clone());
                continue;
            }
            let mut addr: ResourceAddr = name.parse().map_err(|error: weir_addr::AddrError| format!("dependencies: {error}"))?;
            addr.module = self.as_stage(addr.module);
            self.resources.insert(name.into_owned(), addr.clone());
            list.push(addr);
        }
        let list: Arc<[ResourceAddr]> = list.into();
        self.dependencies.insert(text, list.clone());
        Ok(list)
    }
}

impl<'a> FileIn<'a> {
    fn into_state(self) -> Result<State, StateError> {
        let weir = self.weir.unwrap_or_default();
        let mut shared = Shared::new(weir.stages.iter().map(|stage| stage.name().clone()).collect());
        let mut outputs = BTreeMap::new();
        for (name, output) in self.outputs.unwrap_or_default() {
            let wrong = |error: String| StateError::corrupt(format!("output {name:?}: {error}"));
            let value = output.into_value().map_err(wrong)?;
            outputs.insert(name, value);
        }
        let mut resources = BTreeMap::new();
        for resource in self.resources.unwrap_or_default() {
            let (addr, state) = resource.into_state(&mut shared)?;
            if resources.insert(addr.clone(), state).is_some() {
                return Err(StateError::corrupt(format!("resource {addr} stands in it twice")));
            }
        }
        resources.retain(|_, resource: &mut ResourceState| !resource.instances.is_empty());
        Ok(State {
            lineage: self.lineage.ok_or_else(|| StateError::corrupt("it has no \"lineage\""))?,
            serial: self.serial.ok_or_else(|| StateError::corrupt("it has no \"serial\""))?,
            terraform_version: self.terraform_version.unwrap_or_else(|| crate::TERRAFORM_VERSION.into()),
            outputs,
            resources,
            check_results: self.check_results.map(RawJson::compacted),
            weir,
            extra: extra(self.extra),
        })
    }
}

impl OutputIn<'_> {
    fn into_value(self) -> Result<OutputValue, String> {
        let ty = self.ty.map_or(Ok(Type::Dynamic), |ty| Type::from_json(ty.get())).map_err(|error| error.to_string())?;
        let value = decode_json(self.value.map_or("null", RawValue::get), &ty).map_err(|error| error.to_string())?;
        let sensitive = self.sensitive.unwrap_or(false);
        let value = if sensitive { value.with_marks(Marks::SENSITIVE) } else { value };
        Ok(OutputValue { value, ty, sensitive, extra: extra(self.extra) })
    }
}

impl<'a> ResourceIn<'a> {
    fn into_state(self, shared: &mut Shared<'a>) -> Result<(ResourceAddr, ResourceState), StateError> {
        let (Some(type_), Some(name), Some(mode)) = (&self.type_, &self.name, self.mode) else {
            return Err(StateError::corrupt("a resource lacks \"mode\", \"type\" or \"name\""));
        };
        let module = self.module.as_ref().map_or_else(|| Ok(ModulePath::root()), |text| shared.module(&text.0)).map_err(StateError::corrupt)?;
        let addr = ResourceAddr { module, mode, type_: shared.name(&type_.0), name: shared.name(&name.0) };
        let Some(provider) = &self.provider else {
            return Err(StateError::corrupt(format!("resource {addr} lacks \"provider\"")));
        };
        let provider = shared.provider(&provider.0).map_err(|error| StateError::corrupt(format!("resource {addr}: {error}")))?;
        let mut instances: BTreeMap<Option<InstanceKey>, InstanceObjects> = BTreeMap::new();
        for mut instance in self.instances.unwrap_or_default() {
            let key = instance.key.0.take();
            let deposed = instance.deposed.take().filter(|key| !key.0.is_empty());
            let record = instance.into_record(shared);
            let record = record.map_err(|error| StateError::corrupt(format!("{}: {error}", addr.instance(key.clone()))))?;
            let objects = instances.entry(key.clone()).or_default();
            let before = match deposed {
                Some(deposed) => objects.deposed.insert(deposed.shared(), Arc::new(record)),
                None => objects.current.replace(Arc::new(record)),
            };
            if before.is_some() {
                return Err(StateError::corrupt(format!("{} stands in it twice", addr.instance(key))));
            }
        }
        Ok((addr, ResourceState { provider, instances, extra: extra(self.extra) }))
    }
}

impl<'a> InstanceIn<'a> {
    pub(crate) fn into_record(self, shared: &mut Shared<'a>) -> Result<Record, String> {
        let status = match self.status.as_ref().map(|status| &*status.0) {
            None | Some("") => Status::Ready,
            Some("tainted") => Status::Tainted,
            Some(other) => return Err(format!("unknown status {other:?}")),
        };
        Ok(Record {
            schema_version: self.schema_version,
            attributes: self.attributes.map_or_else(RawJson::null, RawJson::compacted),
            sensitive_paths: paths(self.sensitive)?,
            private: self.private.filter(|private| !private.is_empty()),
            dependencies: shared.dependencies(self.dependencies)?,
            create_before_destroy: self.create_before_destroy,
            status,
            extra: extra(self.extra),
        })
    }
}

fn paths(raw: Option<&RawValue>) -> Result<Vec<Path>, String> {
    let Some(text) = raw.map(RawValue::get).filter(|text| !matches!(*text, "[]" | "null")) else { return Ok(Vec::new()) };
    let wrong = |message: String| format!("sensitive_attributes: {message}");
    let lists: Vec<Vec<StepIn<'_>>> = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let step = |step: StepIn<'_>| match step.kind {
        "get_attr" => {
            let name = serde_json::from_str::<Text<'_>>(step.value.get()).map_err(|error| wrong(error.to_string()))?;
            Ok(PathStep::Attr(name.shared()))
        }
        "index" => decode_json(step.value.get(), &Type::Dynamic).map(PathStep::Index).map_err(|error| wrong(error.to_string())),
        other => Err(wrong(format!("unknown step {other:?}"))),
    };
    lists.into_iter().map(|steps| steps.into_iter().map(step).collect::<Result<_, _>>().map(Path)).collect()
}

/// The form of an instance in a state file, without its key.
impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        InstanceIn::deserialize(deserializer)?.into_record(&mut Shared::new(BTreeSet::new())).map_err(D::Error::custom)
    }
}
