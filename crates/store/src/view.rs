//! Folders that are swapped as a whole: a link `latest` (or `report`) to a folder that is complete before the link points to it.
//!
//! A folder that the link no longer points to stays for a while, for the programs that are still reading it.
#![expect(
    clippy::disallowed_methods,
    reason = "links and reports are written under artifacts/"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::FlockOperation;

use crate::StoreError;
use crate::content::Content;
use crate::publish::{
    TEMPORARY, entries, folder_of, make_folder, rename_without_replacing, sync_folder,
    temporary_name,
};
use crate::turns::lock;

/// How long a folder stays after another took its place; the last one stays until the next swap in any case.
const GRACE: Duration = Duration::from_mins(10);

/// A link, and the folder that holds what it has pointed to.
pub(crate) struct View<'a> {
    /// artifacts/.
    pub(crate) root: &'a Path,
    /// Name of the link in it.
    pub(crate) link: &'static str,
    /// Name of the folder in it.
    pub(crate) folder: &'static str,
}

impl View<'_> {
    /// Shows exactly this content, by relative name, under the link; says whether anything had to change. `digest` names the content.
    pub(crate) fn show(
        &self,
        digest: &str,
        content: &BTreeMap<String, Content<'_>>,
    ) -> Result<bool, StoreError> {
        let views = self.root.join(self.folder);
        make_folder(&views)?;
        let _lock = lock(&views, FlockOperation::LockExclusive)?;
        // A process that builds a folder holds the lock, so these folders belong to processes that died. They are removed before the swap: after it
        // the view is up to date, and no later process would clean up.
        for dead in entries(&views)?
            .into_iter()
            .filter(|view| is_temporary(view))
        {
            remove(&dead)?;
        }
        let shown = self.shown()?.map(|target| self.root.join(target));
        let shown = shown.filter(|shown| shown.starts_with(&views));
        let (view, whole) = self.find(digest, content, shown.as_deref())?;
        if whole && shown.as_ref() == Some(&view) {
            return Ok(false);
        }
        if !whole {
            build(&view, content)?;
        }
        self.point_to(&view)?;
        if let Some(shown) = &shown {
            // From now on it is kept for a while. Where that cannot be noted, it has been kept since it was built.
            let _ = File::open(shown).and_then(|folder| folder.set_modified(SystemTime::now()));
        }
        for old in entries(&views)? {
            let stays = old == view || shown.as_ref() == Some(&old) || is_kept(&old);
            if !stays {
                remove(&old)?;
            }
        }
        Ok(true)
    }

    /// The folder with this content, and whether it is there; if not, where to build it. One that lacks something stays as it is, because it
    /// may be shown.
    fn find(
        &self,
        digest: &str,
        content: &BTreeMap<String, Content<'_>>,
        shown: Option<&Path>,
    ) -> Result<(PathBuf, bool), StoreError> {
        let whole = |view: &Path| {
            let mut content = content.iter();
            view.is_dir() && content.all(|(name, content)| content.is_at(&view.join(name)))
        };
        let plain = self.root.join(self.folder).join(digest);
        let named = |path: &PathBuf| {
            let name = path.file_name().map(std::ffi::OsStr::to_string_lossy);
            name.is_some_and(|name| name.starts_with(digest))
        };
        let mut views = entries(&self.root.join(self.folder))?;
        views.retain(named);
        // The one that is shown first: an equal one would do, and would be a change.
        views.sort_by_key(|view| Some(&**view) != shown);
        if let Some(view) = views.iter().find(|view| whole(view)) {
            return Ok((view.clone(), true));
        }
        let other = || {
            plain.with_file_name(format!(
                "{digest}{}",
                temporary_name().replace(TEMPORARY, "-")
            ))
        };
        let view = if views.is_empty() {
            plain.clone()
        } else {
            other()
        };
        Ok((view, false))
    }

    /// Where the link points; none if it does not exist.
    fn shown(&self) -> Result<Option<PathBuf>, StoreError> {
        let link = self.root.join(self.link);
        match fs::read_link(&link) {
            Ok(target) => Ok(Some(target)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                Err(StoreError::NotALink { path: link })
            }
            Err(error) => Err(StoreError::io("read", &link, error)),
        }
    }

    fn point_to(&self, view: &Path) -> Result<(), StoreError> {
        let link = self.root.join(self.link);
        let target = view.strip_prefix(self.root).unwrap_or(view);
        let temporary = self.root.join(self.folder).join(temporary_name());
        // A relative link means the same wherever it is made, so it may be made beside the views, where stale ones are removed.
        let pointed = symlink(target, &temporary).and_then(|()| fs::rename(&temporary, &link));
        pointed.map_err(|error| StoreError::io("replace the link", &link, error))?;
        sync_folder(self.root)
    }
}

/// Builds a view under a temporary name beside it, and renames it.
fn build(view: &Path, content: &BTreeMap<String, Content<'_>>) -> Result<(), StoreError> {
    let temporary = folder_of(view).join(temporary_name());
    make_folder(&temporary)?;
    let mut folders = BTreeSet::from([temporary.clone()]);
    for (name, content) in content {
        let path = temporary.join(name);
        let folder = folder_of(&path);
        if folders.insert(folder.to_owned()) {
            make_folder(folder)?;
        }
        content.put(&path)?;
    }
    folders.iter().try_for_each(|folder| sync_folder(folder))?;
    rename_without_replacing(&temporary, view)
        .map_err(|error| StoreError::io("create the folder", view, error))?;
    sync_folder(folder_of(view))
}

fn is_temporary(view: &Path) -> bool {
    let name = view.file_name().map(std::ffi::OsStr::to_string_lossy);
    name.is_some_and(|name| name.starts_with(TEMPORARY))
}

/// Whether a folder that is no longer shown still is kept.
fn is_kept(view: &Path) -> bool {
    let modified = fs::symlink_metadata(view).and_then(|view| view.modified());
    let age = modified.map(|modified| modified.elapsed().unwrap_or_default());
    age.is_ok_and(|age| age < GRACE)
}

fn remove(path: &Path) -> Result<(), StoreError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    removed.map_err(|error| StoreError::io("remove", path, error))
}

/// Checks that a name stays in its folder: some components, none of them `..` or hidden.
pub(crate) fn check_name(name: &str) -> Result<(), StoreError> {
    let refuse = |why| {
        Err(StoreError::Name {
            name: name.to_owned(),
            why,
        })
    };
    if name.is_empty() || name.ends_with('/') || name.contains('\0') {
        return refuse("it must not be empty, end in / or hold a zero byte");
    }
    let plain = |component| matches!(component, Component::Normal(part) if !part.to_string_lossy().starts_with('.'));
    if !Path::new(name).components().all(plain) {
        return refuse("it must be relative, without . or .. or hidden parts");
    }
    if name.split('/').any(|part| part.len() > LONGEST_NAME) {
        return refuse(
            "a part of it is longer than the 255 bytes that file systems allow: shorten the names in pipeline.toml or of the image",
        );
    }
    Ok(())
}

/// Longest name of a file in bytes, on every common file system.
const LONGEST_NAME: usize = 255;
