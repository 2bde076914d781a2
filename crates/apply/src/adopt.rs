//! What changes the state only: objects that are taken into it, and objects that are not managed any more.

use std::sync::Arc;

use weir_diag::Diagnostic;
use weir_plan::{Action, Catalog, Change, Plan};
use weir_state::{Intent, Op, Outcome, Record, Status};

use crate::Event;
use crate::operation::{Effects, record};

/// Imports and forgets what a plan says. The world stays as it is, so nothing waits for anything.
pub(crate) fn adopt(effects: &Effects<'_>, catalog: &Catalog, plan: &Plan) {
    for change in plan.executable() {
        if change.action == Action::Forget {
            let mut state = effects.state();
            match &change.deposed {
                Some(key) => state.set_deposed(&change.addr, key, &change.provider, None),
                None => state.set_instance(&change.addr, &change.provider, None),
            }
        } else if let Some(id) = &change.importing {
            import(effects, catalog, plan, change, id);
        }
    }
}

/// What the state keeps of an object that a plan imports, as the plan has read it.
pub fn imported(catalog: &Catalog, plan: &Plan, change: &Change) -> Result<Record, String> {
    let addr = &change.addr;
    let schema = catalog.schema(&change.provider.provider).and_then(|schemas| schemas.resources.get(&addr.resource.type_).cloned());
    let (Some(schema), Some(before)) = (schema, &change.before) else {
        return Err(format!("What the plan says about {addr} is not complete. Make a new plan."));
    };
    let before = before.expose("objects are kept in the state, which is readable by its owner only");
    let private = plan.private.get(addr).cloned().flatten();
    record(&before, &schema, &[], change.dependencies.clone(), change.create_before_destroy, Status::Ready)
        .map(|record| Record { private, ..record })
        .map_err(|error| format!("What the provider gave for {addr} is not valid: {error}."))
}

/// Takes an object into the state.
fn import(effects: &Effects<'_>, catalog: &Catalog, plan: &Plan, change: &Change, id: &Arc<str>) {
    let addr = &change.addr;
    let refuse = |detail: String| {
        effects.report([Diagnostic::error("The object cannot be imported", detail).of(addr.to_string())]);
        effects.fail(addr);
    };
    (effects.events)(Event::Importing { addr: addr.clone(), id: id.clone() });
    let kept = match imported(catalog, plan, change) {
        Ok(kept) => Arc::new(kept),
        Err(detail) => return refuse(detail),
    };
    let mut intent = Intent::new(Op::Import, addr.clone(), change.provider.clone());
    // Nothing outside changes: cut off, it is simply imported again.
    intent.durable = false;
    let written = effects.journal.begin(intent).and_then(|seq| {
        effects.state().set_instance(addr, &change.provider, Some(kept.clone()));
        effects.journal.done(seq, Outcome::Recorded(kept))
    });
    match written {
        Ok(()) => {
            effects.counts().imported += 1;
            (effects.events)(Event::Imported { addr: addr.clone(), id: id.clone() });
        }
        Err(error) => refuse(format!("The journal cannot be written: {error}.")),
    }
}
