//! Who may write when: those who publish together, the one who collects garbage alone.
//!
//! An action's artifacts are on disk before the record that names them. A collector that looked in between would take them for garbage. So
//! whoever publishes holds the kernel's shared lock on `objects/` from before the first artifact until after the record, and the
//! collector holds the exclusive one while it removes. The locks end with their process: nobody has to unlock anything.
//!
//! Where many publish all the time the shared lock is never free, and the collector would wait for ever. Therefore everybody first passes
//! a gate, the lock on `actions/`: those who publish hold it only until they have the other one, and the collector until it is done. Nobody
//! takes a turn while holding one: at the gate that would be a deadlock.

use std::fs::File;
use std::path::Path;

use rustix::fs::FlockOperation;

use crate::store::{ACTIONS, OBJECTS};
use crate::{Store, StoreError, publish};

/// The right to write, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    /// Locked, both of them, while they are open; the gate only for the collector.
    _locks: (File, Option<File>),
}

impl Store {
    /// Waits for the right to publish, which many may have at once.
    pub(crate) fn writing(&self) -> Result<Turn, StoreError> {
        let gate = self.lock(ACTIONS, FlockOperation::LockShared)?;
        let lock = self.lock(OBJECTS, FlockOperation::LockShared)?;
        drop(gate);
        Ok(Turn {
            _locks: (lock, None),
        })
    }

    /// Waits for the right to remove, which nobody has while anybody publishes.
    pub(crate) fn collecting(&self) -> Result<Turn, StoreError> {
        let gate = self.lock(ACTIONS, FlockOperation::LockExclusive)?;
        let lock = self.lock(OBJECTS, FlockOperation::LockExclusive)?;
        Ok(Turn {
            _locks: (lock, Some(gate)),
        })
    }

    fn lock(&self, folder: &str, operation: FlockOperation) -> Result<File, StoreError> {
        let folder = self.root().join(folder);
        publish::make_folder(&folder)?;
        lock(&folder, operation)
    }
}

/// Waits for the kernel's lock on a folder, which lasts as long as the open file.
pub(crate) fn lock(folder: &Path, operation: FlockOperation) -> Result<File, StoreError> {
    let file = File::open(folder).map_err(|error| StoreError::io("open", folder, error))?;
    rustix::io::retry_on_intr(|| rustix::fs::flock(&file, operation))
        .map_err(|error| StoreError::io("lock", folder, error))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use crate::Store;

    #[test]
    fn many_publish_at_once_and_nobody_while_one_collects() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("artifacts")).unwrap();
        let (first, second) = (store.writing().unwrap(), store.writing().unwrap());
        let (sender, receiver) = channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                let turn = store.collecting().unwrap();
                sender.send(()).unwrap();
                drop(turn);
            });
            let early = receiver.recv_timeout(Duration::from_millis(100));
            assert!(early.is_err(), "it collected while others published");
            drop((first, second));
            receiver.recv_timeout(Duration::from_secs(20)).unwrap();
        });
    }
}
