//! Where settings come from: a file, a variable, the program itself. Each layer
//! knows its name, so that a fault can say where to look.

use std::{ffi::OsString, io, path::Path};

use figment::{
    Metadata, Profile, Provider,
    providers::{Format, Toml},
    util::nest,
    value::{Dict, Map, Value},
};

use super::{
    faults::{ConfigFaults, Fault},
    keys,
};
use crate::error::Text;

const PREFIX: &str = "ZHIQIAO_";

/// Settings from one source.
#[derive(Debug)]
pub(super) struct Layer {
    name: String,
    values: Dict,
}

impl Layer {
    /// A TOML file, which must be there.
    pub(super) fn file(path: &Path) -> Result<Self, ConfigFaults> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            let problem = if error.kind() == io::ErrorKind::InvalidData {
                Text::new("文件不是 UTF-8 编码，请另存为 UTF-8", "not in UTF-8: save the file as UTF-8")
            } else {
                Text::new(format!("文件无法读取：{error}"), format!("cannot be read: {error}"))
            };
            Fault::file(name.as_str(), problem)
        })?;
        Self::text(&name, &text)
    }

    /// A TOML document. A fault gives the place but never the line itself, which may hold a password.
    pub(super) fn text(name: &str, text: &str) -> Result<Self, ConfigFaults> {
        let values = Toml::from_str::<Dict>(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count().saturating_add(1);
            let what = error.message().lines().collect::<Vec<_>>().join(", ");
            Fault::file(
                name,
                Text::new(format!("第 {line} 行不是 TOML：{what}"), format!("line {line} is not TOML: {what}")),
            )
        })?;
        Ok(Self { name: name.to_owned(), values })
    }

    /// One setting by its dotted key.
    pub(super) fn one(name: &str, key: &str, value: Value) -> Self {
        Self { name: name.to_owned(), values: nest(key, value).into_dict().unwrap_or_default() }
    }

    /// Whether it says something within a section.
    pub(super) fn is_about(&self, section: &str) -> bool {
        self.values.contains_key(section)
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// One layer per `ZHIQIAO_*` variable, in the order of their names.
///
/// The table of keys says what is a number; everything else is taken as it is
/// written, so that no password is mistaken for a list.
pub(super) fn environment(variables: impl Iterator<Item = (OsString, OsString)>) -> impl Iterator<Item = Layer> {
    let mut found: Vec<(String, String)> = variables
        .filter_map(|(name, text)| Some((name.into_string().ok()?, text.to_string_lossy().into_owned())))
        .filter(|(name, text)| name.starts_with(PREFIX) && !text.is_empty())
        .collect();
    found.sort();
    found.into_iter().map(|(name, text)| {
        let key = name.strip_prefix(PREFIX).unwrap_or_default().to_ascii_lowercase().replace("__", ".");
        Layer::one(&name, &key, keys::typed(&key, text))
    })
}
