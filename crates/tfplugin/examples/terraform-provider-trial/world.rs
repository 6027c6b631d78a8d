//! The cloud: a folder with one JSON file per object, and a log of what was asked of it.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tfplugin::{Attr, Call, Client, Error, Probe, Result};

use crate::Config;

#[derive(Debug)]
pub(crate) struct World {
    folder: PathBuf,
}

impl Client<Config> for World {
    const LEVEL: &'static str = "world";

    fn unknown(config: &Config) -> Vec<&'static str> {
        if config.world.is_unknown() { vec!["world"] } else { Vec::new() }
    }

    async fn connect(config: &Config) -> Result<Arc<Self>> {
        match &config.world {
            Attr::Known(folder) => Ok(Arc::new(Self { folder: folder.into() })),
            Attr::Unknown => Err(Error::new("The world is not known yet").at("world")),
            Attr::Null => Err(Error::new("There is no world").detail("Set `world` in the provider block.").at("world")),
        }
    }
}

/// Waits for what never comes.
pub(crate) async fn wait_for_ever(cx: &Call<World>) -> Result<()> {
    let step = Duration::from_millis(100);
    cx.poll("the world to answer", step, step, async || Ok(Probe::Waiting("asleep".to_owned()))).await
}

impl World {
    /// A new id.
    pub(crate) fn id(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst))
    }

    pub(crate) fn put<T: Serialize>(&self, kind: &str, id: &str, object: &T) -> Result<()> {
        // At once or not at all: others read meanwhile.
        let draft = self.folder.join(format!("{kind}.{id}.new"));
        fs::write(&draft, serde_json::to_vec_pretty(object)?)?;
        fs::rename(draft, self.path(kind, id))?;
        // Last: whoever waits for the line and kills this process finds the object.
        self.log(&format!("put {kind}"))
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, kind: &str, id: &str) -> Result<Option<T>> {
        match fs::read(self.path(kind, id)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn remove(&self, kind: &str, id: &str) -> Result<()> {
        self.log(&format!("remove {kind}"))?;
        let _ = fs::remove_file(self.path(kind, id));
        Ok(())
    }

    pub(crate) fn all<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<(String, T)>> {
        let mut objects = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name().into_string().unwrap_or_default();
            let id = name.strip_prefix(&format!("{kind}.")).and_then(|rest| rest.strip_suffix(".json"));
            if let Some(id) = id
                && let Some(object) = self.get(kind, id)?
            {
                objects.push((id.to_owned(), object));
            }
        }
        Ok(objects)
    }

    pub(crate) fn log(&self, line: &str) -> Result<()> {
        let mut log = fs::OpenOptions::new().create(true).append(true).open(self.folder.join("log"))?;
        // In one piece: other objects, and other processes, write lines at the same time.
        log.write_all(format!("{line}\n").as_bytes())?;
        Ok(())
    }

    fn path(&self, kind: &str, id: &str) -> PathBuf {
        self.folder.join(format!("{kind}.{id}.json"))
    }
}
