//! `provisioner` and `connection`

use std::sync::Arc;

use weir_diag::{Diagnostics, did_you_mean};
use weir_value::Value;

use crate::module::{Connection, Provisioner, ProvisionerKind};
use crate::reader::{Reader, labels};
use crate::syntax::{Attribute, Block, Body, Expr, ExprKind, for_each_variable};

/// The arguments of `connection`.
const CONNECTION: [&str; 28] = [
    "type",
    "user",
    "password",
    "host",
    "port",
    "timeout",
    "script_path",
    "private_key",
    "certificate",
    "agent",
    "agent_identity",
    "host_key",
    "target_platform",
    "proxy_scheme",
    "proxy_host",
    "proxy_port",
    "proxy_user_name",
    "proxy_user_password",
    "bastion_host",
    "bastion_host_key",
    "bastion_port",
    "bastion_user",
    "bastion_password",
    "bastion_private_key",
    "bastion_certificate",
    "https",
    "insecure",
    "cacert",
];

const REMOVED: [&str; 4] = ["chef", "habitat", "puppet", "salt-masterless"];

/// The provisioners of a resource, and its connection.
pub(super) fn read(reader: &mut Reader<'_>) -> (Vec<Arc<Provisioner>>, Option<Arc<Connection>>) {
    let shared = reader.block("connection").map(|block| Arc::new(connection(block, reader.diags)));
    let found: Vec<Arc<Provisioner>> = reader.blocks("provisioner").filter_map(|block| provisioner(block, shared.as_ref(), reader.diags)).map(Arc::new).collect();
    // What all destroy-time provisioners use stands under their rule.
    if let Some(shared) = shared.as_ref().filter(|_| found.iter().any(|provisioner| provisioner.on_destroy && provisioner.kind != ProvisionerKind::LocalExec)) {
        restrict(&shared.body, reader.diags);
    }
    (found, shared)
}

fn provisioner(block: &Block, shared: Option<&Arc<Connection>>, diags: &mut Diagnostics) -> Option<Provisioner> {
    let [label] = block.labels.as_slice() else {
        labels(block, 1, diags);
        return None;
    };
    let kind = match &*label.name {
        "local-exec" => ProvisionerKind::LocalExec,
        "remote-exec" => ProvisionerKind::RemoteExec,
        "file" => ProvisionerKind::File,
        name if REMOVED.contains(&name) => {
            let detail =
                format!("Terraform has no \"{name}\" provisioner since version 0.15, and neither has Weir: prepare machines by their image, cloud-init, or local-exec.");
            diags.error(block.span, format!("The \"{name}\" provisioner has been removed"), detail);
            return None;
        }
        name => {
            let hint = did_you_mean(name, ["local-exec", "remote-exec", "file"]);
            diags.error(label.span, "Invalid provisioner type", format!("There is no provisioner \"{name}\": local-exec, remote-exec and file are.{hint}"));
            return None;
        }
    };
    let mut reader = Reader::new(&block.body, diags);
    let on_destroy = match keyword(&mut reader, "when", ["create", "destroy"]) {
        Ok(word) => word == Some("destroy"),
        Err(()) => false,
    };
    let goes_on = keyword(&mut reader, "on_failure", ["fail", "continue"]) == Ok(Some("continue"));
    let own = reader.block("connection").map(|block| Arc::new(connection(block, reader.diags)));
    for name in ["lifecycle", "provisioner"] {
        for nested in reader.blocks(name) {
            reader.diags.error(nested.span, "Reserved block type name in provisioner block", format!("A block \"{name}\" cannot stand in a provisioner: remove it."));
        }
    }
    let mut arguments = |names: &[&'static str]| {
        names.iter().for_each(|name| {
            reader.attribute(name);
        })
    };
    match kind {
        ProvisionerKind::LocalExec => arguments(&["command", "working_dir", "interpreter", "environment", "quiet"]),
        ProvisionerKind::RemoteExec => arguments(&["inline", "script", "scripts"]),
        ProvisionerKind::File => arguments(&["source", "content", "destination"]),
    }
    reader.finish();
    let body = Body {
        attributes: block.body.attributes.iter().filter(|attribute| !matches!(&*attribute.name.name, "when" | "on_failure")).cloned().collect(),
        blocks: Vec::new(),
        span: block.body.span,
    };
    complete(block, kind, &body, diags);
    if on_destroy {
        restrict(&body, diags);
        if let Some(own) = &own {
            restrict(&own.body, diags);
        }
    }
    if kind != ProvisionerKind::LocalExec && own.is_none() && shared.is_none() {
        diags.error(
            block.span,
            "Missing connection configuration",
            format!("A {} provisioner needs a connection block, in itself or in its resource, that says the host: connection {{ host = self.public_ip }}.", label.name),
        );
    }
    Some(Provisioner { kind, on_destroy, goes_on, body, connection: own.or_else(|| shared.cloned()), span: block.span })
}

/// What must be there, and what must not be there together.
fn complete(block: &Block, kind: ProvisionerKind, body: &Body, diags: &mut Diagnostics) {
    let one_of: &[&str] = match kind {
        ProvisionerKind::LocalExec => &["command"],
        ProvisionerKind::RemoteExec => &["inline", "script", "scripts"],
        ProvisionerKind::File => &["source", "content"],
    };
    let given: Vec<&Attribute> = body.attributes.iter().filter(|attribute| one_of.contains(&&*attribute.name.name)).collect();
    match (given.as_slice(), one_of) {
        ([], [only]) => diags.error(block.span, "Missing required argument", format!("The argument \"{only}\" is required, but no definition was found.")),
        ([], several) => diags.error(block.span, "Missing required argument", format!("One of {} is required.", several.join(", "))),
        ([_, second, ..], several) => {
            diags.error(second.name.span, "Conflicting arguments", format!("Only one of {} can be given: remove the others.", several.join(", ")));
        }
        _ => {}
    }
    if kind == ProvisionerKind::File && body.attribute("destination").is_none() {
        diags.error(block.span, "Missing required argument", "The argument \"destination\" is required, but no definition was found.");
    }
}

fn connection(block: &Block, diags: &mut Diagnostics) -> Connection {
    labels(block, 0, diags);
    let mut reader = Reader::new(&block.body, diags);
    for name in CONNECTION {
        reader.attribute(name);
    }
    reader.finish();
    Connection { body: block.body.clone(), span: block.span }
}

/// One of two words, also quoted as old configurations have it.
fn keyword(reader: &mut Reader<'_>, name: &'static str, words: [&'static str; 2]) -> Result<Option<&'static str>, ()> {
    let Some(attribute) = reader.attribute(name) else { return Ok(None) };
    let written = match &attribute.expr.kind {
        ExprKind::Variable(word) => Some(&*word.name),
        ExprKind::Literal(Value::String(word)) => Some(&**word),
        ExprKind::Invalid => return Err(()),
        _ => None,
    };
    let found = words.into_iter().find(|word| written == Some(*word));
    if found.is_none() {
        let detail = format!("The \"{name}\" argument requires one of the following keywords: {} or {}.", words[0], words[1]);
        reader.diags.error(attribute.expr.span, format!("Invalid \"{name}\" keyword"), detail);
    }
    found.map(Some).ok_or(())
}

/// When an object is destroyed, nothing else is looked at.
fn restrict(body: &Body, diags: &mut Diagnostics) {
    let mut check = |expr: &Expr| {
        for_each_variable(expr, &mut |traversal| {
            let next = traversal.steps.first().and_then(|step| if let crate::syntax::Step::Attr(name, _) = step { Some(&**name) } else { None });
            let well = matches!((&*traversal.root.name, next), ("self", _) | ("count", Some("index")) | ("each", Some("key")) | ("path" | "terraform", _));
            if !well {
                diags.error(
                    traversal.span,
                    "Invalid reference from destroy provisioner",
                    "When an object is destroyed, other objects may be gone or on their way: a destroy-time provisioner and its connection may refer only to self, count.index and each.key. Keep what it needs in the object, such as in \"input\" or \"triggers\".",
                );
            }
        });
    };
    for attribute in &body.attributes {
        check(&attribute.expr);
    }
}
