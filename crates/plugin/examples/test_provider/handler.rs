//! What the provider does. The name of a thing says what goes wrong with it.

use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tonic::Status;
use weir_plugin::msgpack;
use weir_plugin::protocol::tfplugin6::attribute_path::{Step, step::Selector};
use weir_plugin::protocol::tfplugin6::*;
use weir_value::{Type, Value, decode_json};

use crate::definition;

type Done<T> = Result<T, Status>;

pub(crate) struct Handler {
    ty: Type,
    stopped: Notify,
    renewed: std::sync::atomic::AtomicU64,
    made: std::sync::atomic::AtomicU64,
    region: std::sync::Mutex<Option<String>>,
    /// It must be asked for its schemas before anything else.
    strict: bool,
    asked: std::sync::atomic::AtomicBool,
}

fn dynamic(value: &Value, ty: &Type) -> Option<DynamicValue> {
    Some(DynamicValue { msgpack: msgpack::encode(value, ty).unwrap(), json: vec![] })
}

fn read(value: Option<&DynamicValue>, ty: &Type) -> Value {
    msgpack::decode(&value.unwrap().msgpack, ty).unwrap()
}

fn path(steps: &[&str]) -> AttributePath {
    let steps = steps.iter().map(|step| match step.parse::<i64>() {
        Ok(at) => Step { selector: Some(Selector::ElementKeyInt(at)) },
        Err(_) => Step { selector: Some(Selector::AttributeName((*step).to_owned())) },
    });
    AttributePath { steps: steps.collect() }
}

fn error(summary: &str, at: &[&str]) -> Vec<Diagnostic> {
    let attribute = (!at.is_empty()).then(|| path(at));
    vec![Diagnostic { severity: diagnostic::Severity::Error.into(), summary: summary.to_owned(), detail: "The test wants it so.".to_owned(), attribute }]
}

fn with(object: &Value, name: &str, value: Value) -> Value {
    let Value::Object(entries) = object else { panic!("{object:?}") };
    Value::object(entries.iter().map(|(own, old)| (own.clone(), if &**own == name { value.clone() } else { old.clone() })))
}

fn text(object: &Value, name: &str) -> String {
    object.get(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Each part with a serial made by `serial` where it has none.
fn parts(object: &Value, serial: &dyn Fn(usize, &Value) -> Value) -> Value {
    let Some(Value::List(element, parts)) = object.get("part") else { return object.clone() };
    let parts: Vec<Value> =
        parts.iter().enumerate().map(|(at, part)| if text(part, "serial").is_empty() { with(part, "serial", serial(at, part)) } else { part.clone() }).collect();
    with(object, "part", Value::list(element, parts))
}

impl Handler {
    pub(crate) fn new(version: u8, strict: bool) -> Self {
        let mut attributes: Vec<(&str, Type)> = vec![
            ("id", Type::String),
            ("name", Type::String),
            ("size", Type::Number),
            ("tags", Type::map(Type::String)),
            ("ports", Type::set(Type::Number)),
            ("any", Type::Dynamic),
            ("secret", Type::String),
            ("token", Type::String),
            ("old", Type::String),
            ("part", Type::list(Type::object([("label", Type::String), ("serial", Type::String)]))),
            ("rule", Type::set(Type::object([("port", Type::Number), ("note", Type::String)]))),
            ("limits", Type::object([("most", Type::Number)])),
            ("label", Type::map(Type::object([("text", Type::String)]))),
        ];
        if version == 6 {
            attributes.push(("settings", Type::object([("mode", Type::String), ("level", Type::Number)])));
        }
        assert!(definition::offered().resources.contains_key("test_thing"));
        Self { ty: Type::object(attributes), stopped: Notify::new(), renewed: 0.into(), made: 0.into(), region: std::sync::Mutex::default(), strict, asked: false.into() }
    }

    pub(crate) fn describe(&self, definition: &dyn Fn(bool) -> get_provider_schema::Response) -> get_provider_schema::Response {
        self.asked.store(true, std::sync::atomic::Ordering::Relaxed);
        definition(!self.strict)
    }

    pub(crate) async fn identities(&self, _: get_resource_identity_schemas::Request) -> Done<get_resource_identity_schemas::Response> {
        if self.strict {
            return Err(Status::unimplemented("a strict provider is an older one"));
        }
        let name =
            resource_identity_schema::IdentityAttribute { name: "name".to_owned(), r#type: b"\"string\"".to_vec(), required_for_import: true, ..Default::default() };
        let identity = ResourceIdentitySchema { version: 0, identity_attributes: vec![name] };
        Ok(get_resource_identity_schemas::Response { identity_schemas: [("test_thing".to_owned(), identity)].into(), diagnostics: vec![] })
    }

    pub(crate) async fn upgrade_identity(&self, _: upgrade_resource_identity::Request) -> Done<upgrade_resource_identity::Response> {
        Err(Status::unimplemented("no identity is older than this provider"))
    }

    /// A terraform_data whose input is a name becomes a thing of that name.
    pub(crate) async fn take_over(&self, request: move_resource_state::Request) -> Done<move_resource_state::Response> {
        let from = (request.source_provider_address.as_str(), request.source_type_name.as_str(), request.target_type_name.as_str());
        if from != ("terraform.io/builtin/terraform", "terraform_data", "test_thing") {
            let diagnostics = error(&format!("A {} of {} becomes nothing here", from.1, from.0), &[]);
            return Ok(move_resource_state::Response { diagnostics, ..Default::default() });
        }
        let old: serde_json::Value = serde_json::from_slice(&request.source_state.unwrap().json).unwrap();
        let name = old["input"]["value"].as_str().unwrap();
        let new = with(&decode_json("{}", &self.ty).unwrap(), "id", format!("id-of-{name}").as_str().into());
        let new = with(&with(&new, "name", name.into()), "size", 1.into());
        Ok(move_resource_state::Response { target_state: dynamic(&new, &self.ty), target_private: b"made".to_vec(), ..Default::default() })
    }

    pub(crate) async fn prepare(&self, request: prepare_provider_config::Request) -> Done<prepare_provider_config::Response> {
        let config = read(request.config.as_ref(), &Type::object([("region", Type::String)]));
        let diagnostics = if text(&config, "region") == "moon" { error("No such region", &["region"]) } else { vec![] };
        Ok(prepare_provider_config::Response { prepared_config: request.config, diagnostics })
    }

    pub(crate) async fn validate(&self, request: validate_config::Request) -> Done<validate_config::Response> {
        let config = read(request.config.as_ref(), &self.ty);
        let diagnostics = match text(&config, "name").as_str() {
            "bad name" => error("Bad name", &["name"]),
            "bad part" => error("Bad part", &["part", "1", "label"]),
            _ => vec![],
        };
        Ok(validate_config::Response { diagnostics })
    }

    pub(crate) async fn accept(&self, _: validate_config::Request) -> Done<validate_config::Response> {
        Ok(validate_config::Response { diagnostics: vec![] })
    }

    /// Version 1 had a title for a name.
    pub(crate) async fn upgrade(&self, request: upgrade_resource_state::Request) -> Done<upgrade_resource_state::Response> {
        let json = String::from_utf8(request.raw_state.unwrap().json).unwrap();
        let old = decode_json(&json, &Type::object([("id", Type::String), ("title", Type::String)])).unwrap();
        let nothing = decode_json("{}", &self.ty).unwrap();
        let new = with(&with(&nothing, "id", old.get("id").unwrap()), "name", old.get("title").unwrap());
        // As the old SDK: blocks that are not there are null.
        Ok(upgrade_resource_state::Response { upgraded_state: dynamic(&new, &self.ty), diagnostics: vec![] })
    }

    pub(crate) async fn configure(&self, request: configure::Request) -> Done<configure::Response> {
        if self.strict && !self.asked.load(std::sync::atomic::Ordering::Relaxed) {
            return Ok(configure::Response { diagnostics: error("It was not asked for its schemas", &[]) });
        }
        let config = read(request.config.as_ref(), &Type::object([("region", Type::String)]));
        let mut region = self.region.lock().unwrap();
        if region.is_some() {
            return Ok(configure::Response { diagnostics: error("Configured twice", &[]) });
        }
        *region = Some(text(&config, "region"));
        Ok(configure::Response { diagnostics: vec![] })
    }

    pub(crate) async fn read(&self, request: read_resource::Request) -> Done<read_resource::Response> {
        let state = read(request.current_state.as_ref(), &self.ty);
        let kept = [&b"made"[..], b"read", b"imported"].contains(&&*request.private);
        let diagnostics = if kept { vec![] } else { error("Private data was lost", &[]) };
        // What is imported is known by its id only.
        let state = match text(&state, "id").strip_prefix("id-of-") {
            Some(name) if text(&state, "name").is_empty() => with(&state, "name", name.into()),
            _ => state,
        };
        let private = match text(&state, "name").as_str() {
            "rotates" => b"read".to_vec(),
            _ if request.private == b"imported" => b"made".to_vec(),
            _ => request.private,
        };
        let state = match text(&state, "name").as_str() {
            "gone" => Value::Null(self.ty.clone()),
            "drifts" => with(&state, "size", 99.into()),
            _ => state,
        };
        Ok(read_resource::Response { new_state: dynamic(&state, &self.ty), diagnostics, private, ..Default::default() })
    }

    pub(crate) async fn plan(&self, request: plan_resource_change::Request) -> Done<plan_resource_change::Response> {
        let (prior, proposed) = (read(request.prior_state.as_ref(), &self.ty), read(request.proposed_new_state.as_ref(), &self.ty));
        let waits = text(&proposed, "name") == "patient" && !proposed.get("secret").unwrap().is_known();
        let deferred = waits.then(|| Deferred { reason: deferred::Reason::ResourceConfigUnknown.into() });
        assert!(request.client_capabilities.unwrap().deferral_allowed);
        let mut answer = plan_resource_change::Response { planned_private: b"planned".to_vec(), deferred, ..Default::default() };
        if proposed.is_null() {
            answer.planned_state = request.proposed_new_state;
            return Ok(answer);
        }
        let mut planned = proposed.clone();
        if prior.is_null() {
            planned = with(&planned, "id", Value::unknown(Type::String));
            if planned.get("size").unwrap().is_null() {
                planned = with(&planned, "size", Value::unknown(Type::Number));
            }
        } else if request.prior_private != if text(&prior, "name") == "rotates" { &b"read"[..] } else { b"made" } {
            answer.diagnostics = error("Private data was lost", &[]);
        }
        planned = parts(&planned, &|_, _| Value::unknown_not_null(Type::String));
        match text(&planned, "name").as_str() {
            "liar" => planned = with(&planned, "secret", "made up".into()),
            // The old SDK may do so, and its plans are not held against it.
            "old liar" => {
                planned = with(&planned, "secret", "made up".into());
                answer.legacy_type_system = true;
            }
            "relabels" => {
                let Some(Value::List(element, parts)) = planned.get("part") else { panic!("{planned:?}") };
                planned = with(&planned, "part", Value::list(element, parts.iter().map(|part| with(part, "label", "made up".into())).collect::<Vec<_>>()));
            }
            "ruler" => {
                let Some(Value::Set(rules)) = planned.get("rule") else { panic!("{planned:?}") };
                planned = with(&planned, "rule", Value::set(rules.element.clone(), []));
            }
            _ => {}
        }
        // As the old SDK does, the path is named whether it changed or not.
        answer.requires_replace = vec![path(&["name"])];
        answer.planned_state = dynamic(&planned, &self.ty);
        Ok(answer)
    }

    pub(crate) async fn apply(&self, request: apply_resource_change::Request) -> Done<apply_resource_change::Response> {
        let (planned, config) = (read(request.planned_state.as_ref(), &self.ty), read(request.config.as_ref(), &self.ty));
        let mut answer = apply_resource_change::Response { private: b"made".to_vec(), ..Default::default() };
        if request.planned_private != b"planned" {
            answer.diagnostics = error("The plan's private data was lost", &[]);
            answer.new_state = request.prior_state;
            return Ok(answer);
        }
        if planned.is_null() {
            answer.new_state = request.planned_state;
            return Ok(answer);
        }
        if text(&config, "token") == "kill" {
            std::process::abort();
        }
        match text(&planned, "name").as_str() {
            "crash" => {
                eprintln!("panic: the test wants it so\n\ngoroutine 1 [running]:\nmain.main()");
                std::process::exit(2);
            }
            "hang" => {
                self.stopped.notified().await;
                answer.diagnostics = error("Stopped", &[]);
                answer.new_state = request.prior_state;
                return Ok(answer);
            }
            "half" => answer.diagnostics = error("Only half was done", &["size"]),
            "needs token" if text(&config, "token") != "open" => answer.diagnostics = error("No token", &["token"]),
            "chatty" => {
                for _ in 0..20_000 {
                    println!("This provider prints much while it works.");
                }
            }
            _ => {}
        }
        let mut made = with(&planned, "id", format!("id-of-{}", text(&planned, "name")).as_str().into());
        if !made.get("size").unwrap().is_known() {
            made = with(&made, "size", 1.into());
        }
        made = parts(&made, &|at, part| format!("{}-{at}", text(part, "label")).as_str().into());
        if ["fickle", "old fickle"].contains(&text(&made, "name").as_str()) {
            made = with(&made, "secret", "another".into());
            answer.legacy_type_system = text(&made, "name") == "old fickle";
        }
        if text(&made, "name") == "vague" {
            made = with(&made, "old", Value::unknown(Type::String));
        }
        self.made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        answer.new_state = dynamic(&made, &self.ty);
        Ok(answer)
    }

    pub(crate) async fn import(&self, request: import_resource_state::Request) -> Done<import_resource_state::Response> {
        let id = match request.identity {
            Some(identity) => format!("id-of-{}", text(&read(identity.identity_data.as_ref(), &Type::object([("name", Type::String)])), "name")),
            None => request.id,
        };
        let state = with(&decode_json("{}", &self.ty).unwrap(), "id", id.as_str().into());
        let found =
            import_resource_state::ImportedResource { type_name: request.type_name, state: dynamic(&state, &self.ty), private: b"imported".to_vec(), identity: None };
        Ok(import_resource_state::Response { imported_resources: vec![found], ..Default::default() })
    }

    pub(crate) async fn read_data(&self, request: read_data_source::Request) -> Done<read_data_source::Response> {
        let ty = Type::object([("key", Type::String), ("found", Type::String)]);
        let config = read(request.config.as_ref(), &ty);
        let region = self.region.lock().unwrap().clone().unwrap_or_default();
        if text(&config, "key") == "later" && self.made.load(std::sync::atomic::Ordering::Relaxed) == 0 {
            let deferred = Some(Deferred { reason: deferred::Reason::AbsentPrereq.into() });
            return Ok(read_data_source::Response { state: dynamic(&Value::Null(ty.clone()), &ty), deferred, ..Default::default() });
        }
        let found = with(&config, "found", format!("{} in {region}", text(&config, "key")).as_str().into());
        Ok(read_data_source::Response { state: dynamic(&found, &ty), ..Default::default() })
    }

    pub(crate) async fn open(&self, _: open_ephemeral_resource::Request) -> Done<open_ephemeral_resource::Response> {
        let ty = Type::object([("value", Type::String)]);
        let soon = SystemTime::now() + Duration::from_millis(50);
        Ok(open_ephemeral_resource::Response {
            result: dynamic(&Value::object([("value", "ticket")].map(|(name, value)| (name, Value::from(value)))), &ty),
            renew_at: Some(soon.into()),
            private: Some(b"first".to_vec()),
            ..Default::default()
        })
    }

    pub(crate) async fn renew(&self, request: renew_ephemeral_resource::Request) -> Done<renew_ephemeral_resource::Response> {
        assert_eq!(request.private.as_deref(), Some(&b"first"[..]));
        self.renewed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(renew_ephemeral_resource::Response { diagnostics: vec![], renew_at: None, private: Some(b"second".to_vec()) })
    }

    pub(crate) async fn close(&self, request: close_ephemeral_resource::Request) -> Done<close_ephemeral_resource::Response> {
        // What closing is told shows whether the renewal came through.
        let summary = format!("closed with {}", String::from_utf8(request.private.unwrap_or_default()).unwrap());
        Ok(close_ephemeral_resource::Response { diagnostics: error(&summary, &[]) })
    }

    pub(crate) async fn call(&self, request: call_function::Request) -> Done<call_function::Response> {
        let arguments: Vec<String> = request.arguments.iter().map(|argument| read(Some(argument), &Type::String).as_str().unwrap().to_owned()).collect();
        if arguments.len() < 2 {
            let error = FunctionError { text: "there is nothing to join".to_owned(), function_argument: Some(0) };
            return Ok(call_function::Response { result: None, error: Some(error) });
        }
        Ok(call_function::Response { result: dynamic(&arguments[1..].join(&arguments[0]).as_str().into(), &Type::String), error: None })
    }

    pub(crate) async fn stop(&self, _: stop::Request) -> Done<stop::Response> {
        self.stopped.notify_waiters();
        Ok(stop::Response { error: String::new() })
    }
}
