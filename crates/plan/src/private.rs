//! What providers keep for themselves about objects, as a plan finds it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use weir_addr::InstanceAddr;

use crate::walk::Walk;

/// What reads and imports have brought, where the state has something else (base64).
#[derive(Default)]
pub(crate) struct Private(RefCell<BTreeMap<InstanceAddr, Option<Arc<str>>>>);

impl Private {
    /// Takes in what a read or an import gave.
    pub(crate) fn note(&self, walk: &Walk<'_>, addr: &InstanceAddr, private: Option<Arc<str>>) {
        if recorded(walk, addr) != private {
            self.0.borrow_mut().insert(addr.clone(), private);
        }
    }

    /// What the provider wants to be told of an object.
    pub(crate) fn of(&self, walk: &Walk<'_>, addr: &InstanceAddr) -> Option<Arc<str>> {
        let noted = self.0.borrow().get(addr).cloned();
        noted.unwrap_or_else(|| recorded(walk, addr))
    }

    /// All that was noted.
    pub(crate) fn into_inner(self) -> BTreeMap<InstanceAddr, Option<Arc<str>>> {
        self.0.into_inner()
    }
}

fn recorded(walk: &Walk<'_>, addr: &InstanceAddr) -> Option<Arc<str>> {
    walk.prior.record(addr).and_then(|record| record.private.clone())
}
