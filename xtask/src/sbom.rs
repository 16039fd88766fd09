//! `cargo xtask sbom`: everything that is in the binary, as CycloneDX 1.6 in JSON.
//!
//! Made from `cargo metadata` and the checksums of `Cargo.lock`: what is built for Linux, with the tools that
//! build it, without what only tests need. The same lock file makes the same text.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::{Command, ExitCode},
};

use serde_json::{Value, json};

use crate::tasks::{cargo, root};

const APPLICATION: &str = "zhiqiao";
/// What the service and its image are built for, as in `deny.toml`.
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// Writes the document to a file, by default `sbom.cdx.json` in the present folder.
pub(crate) fn sbom(file: Option<&str>) -> ExitCode {
    let path = Path::new(file.unwrap_or("sbom.cdx.json"));
    let written = document().and_then(|document| {
        let mut text = serde_json::to_string_pretty(&document).map_err(|fault| fault.to_string())?;
        text.push('\n');
        fs::write(path, text).map_err(|fault| format!("{}: {fault}", path.display()))?;
        Ok(document)
    });
    match written {
        Ok(document) => {
            let parts = document.get("components").and_then(Value::as_array).map_or(0, Vec::len);
            println!("{}: {parts} components of {APPLICATION}, CycloneDX 1.6", path.display());
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("no inventory: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// A package as `cargo metadata` tells of it.
struct Package {
    name: String,
    version: String,
    licence: Option<String>,
    repository: Option<String>,
}

impl Package {
    fn read(value: &Value) -> Option<(String, Self)> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let package = Self {
            name: text("name")?,
            version: text("version")?,
            licence: text("license"),
            repository: text("repository").filter(|url| url.starts_with("https://")),
        };
        Some((text("id")?, package))
    }

    /// The package URL, which also is its name within the document.
    fn purl(&self) -> String {
        // Of all that a version may hold, only this has a meaning in an address.
        format!("pkg:cargo/{}@{}", self.name, self.version.replace('+', "%2B"))
    }

    fn component(&self, kind: &str, checksum: Option<&String>) -> Value {
        let mut component = json!({
            "type": kind,
            "bom-ref": self.purl(),
            "name": self.name,
            "version": self.version,
            "purl": self.purl(),
        });
        if let Some(members) = component.as_object_mut() {
            if let Some(licence) = &self.licence {
                // Some still write the older form.
                members.insert("licenses".to_owned(), json!([{ "expression": licence.replace('/', " OR ") }]));
            }
            if let Some(checksum) = checksum {
                members.insert("hashes".to_owned(), json!([{ "alg": "SHA-256", "content": checksum }]));
            }
            if let Some(url) = &self.repository {
                members.insert("externalReferences".to_owned(), json!([{ "type": "vcs", "url": url }]));
            }
        }
        component
    }
}

/// The whole document.
fn document() -> Result<Value, String> {
    let mut command = cargo();
    command.args(["metadata", "--format-version", "1", "--locked"]);
    for target in TARGETS {
        command.args(["--filter-platform", target]);
    }
    let metadata: Value = serde_json::from_slice(&output(&mut command)?).map_err(|fault| fault.to_string())?;
    let lock = fs::read_to_string(root().join("Cargo.lock")).map_err(|fault| format!("Cargo.lock: {fault}"))?;
    of(&metadata, &checksums(&lock)).ok_or_else(|| "`cargo metadata` says something else than expected".to_owned())
}

fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let output = command.output().map_err(|fault| fault.to_string())?;
    if output.status.success() { Ok(output.stdout) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// The checksums of `Cargo.lock`, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let field = |block: &str, name: &str| {
        let start = format!("{name} = \"");
        let line = block.lines().find_map(|line| line.strip_prefix(start.as_str()))?;
        line.strip_suffix('"').map(str::to_owned)
    };
    lock.split("[[package]]")
        .filter_map(|block| Some(((field(block, "name")?, field(block, "version")?), field(block, "checksum")?)))
        .collect()
}

fn of(metadata: &Value, checksums: &BTreeMap<(String, String), String>) -> Option<Value> {
    let packages: BTreeMap<String, Package> =
        metadata.get("packages")?.as_array()?.iter().filter_map(Package::read).collect();
    let nodes: BTreeMap<&str, &Value> = metadata
        .get("resolve")?
        .get("nodes")?
        .as_array()?
        .iter()
        .filter_map(|node| Some((node.get("id")?.as_str()?, node)))
        .collect();
    let (application, _) = packages.iter().find(|(_, package)| package.name == APPLICATION)?;

    // From the application along whatever is not for tests alone.
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut open = vec![application.clone()];
    while let Some(id) = open.pop() {
        if edges.contains_key(&id) {
            continue;
        }
        let needed: BTreeSet<String> =
            nodes.get(id.as_str())?.get("deps")?.as_array()?.iter().filter_map(needs).collect();
        open.extend(needed.iter().cloned());
        edges.insert(id, needed);
    }

    let purl = |id: &String| packages.get(id).map(Package::purl);
    let mut components: Vec<(String, Value)> = Vec::new();
    let mut dependencies: Vec<(String, Value)> = Vec::new();
    for (id, needed) in &edges {
        let package = packages.get(id)?;
        let checksum = checksums.get(&(package.name.clone(), package.version.clone()));
        if id != application {
            components.push((package.purl(), package.component("library", checksum)));
        }
        let mut on: Vec<String> = needed.iter().filter_map(purl).collect();
        on.sort();
        dependencies.push((package.purl(), json!({ "ref": package.purl(), "dependsOn": on })));
    }
    let sorted = |mut all: Vec<(String, Value)>| {
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all.into_iter().map(|(_, value)| value).collect::<Vec<Value>>()
    };
    Some(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": packages.get(application)?.component("application", None) },
        "components": sorted(components),
        "dependencies": sorted(dependencies),
    }))
}

/// The package that a dependency leads to, unless only tests need it.
fn needs(dependency: &Value) -> Option<String> {
    let kinds = dependency.get("dep_kinds")?.as_array()?;
    let is_built = kinds.iter().any(|kind| kind.get("kind").and_then(Value::as_str) != Some("dev"));
    is_built.then(|| dependency.get("pkg")?.as_str().map(str::to_owned)).flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;

    /// The rules of the schema that such a document can break.
    #[test]
    fn the_inventory_keeps_to_the_schema() {
        let bom = document().unwrap();
        assert_eq!(
            (&bom["bomFormat"], &bom["specVersion"], &bom["version"]),
            (&json!("CycloneDX"), &json!("1.6"), &json!(1))
        );
        let known = ["$schema", "bomFormat", "specVersion", "version", "metadata", "components", "dependencies"];
        assert!(bom.as_object().unwrap().keys().all(|member| known.contains(&member.as_str())));
        let components = bom["components"].as_array().unwrap();
        assert!(components.len() > 200, "{}", components.len());
        let mut refs = BTreeSet::from([bom["metadata"]["component"]["bom-ref"].as_str().unwrap()]);
        for component in components {
            let text = |member: &str| component[member].as_str().unwrap_or_else(|| panic!("{member}: {component}"));
            assert_eq!(text("type"), "library");
            assert!(refs.insert(text("bom-ref")), "twice: {component}");
            assert_eq!(text("purl"), format!("pkg:cargo/{}@{}", text("name"), text("version").replace('+', "%2B")));
            assert!(component["licenses"][0]["expression"].is_string(), "{component}");
            assert!(!component["licenses"][0]["expression"].as_str().unwrap().contains('/'), "{component}");
            // Only what is our own has no checksum.
            let checksum = component["hashes"][0]["content"].as_str().unwrap_or_default();
            let is_own = ["entity", "migration"].contains(&text("name"));
            assert!(
                is_own || checksum.len() == 64 && checksum.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{component}"
            );
        }
        let dependencies = bom["dependencies"].as_array().unwrap();
        assert_eq!(dependencies.len(), refs.len());
        for dependency in dependencies {
            assert!(refs.contains(dependency["ref"].as_str().unwrap()), "{dependency}");
            let on: Vec<&str> = dependency["dependsOn"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            assert!(on.iter().all(|one| refs.contains(one)), "{dependency}");
            assert_eq!(on.iter().collect::<BTreeSet<_>>().len(), on.len(), "{dependency}");
        }
        assert_eq!(document().unwrap(), bom);
    }

    #[test]
    fn the_inventory_has_what_is_built_and_nothing_else() {
        let bom = document().unwrap();
        let names: BTreeSet<&str> =
            bom["components"].as_array().unwrap().iter().filter_map(|component| component["name"].as_str()).collect();
        for built in ["actix-web", "sea-orm", "rustls", "ring", "entity"] {
            assert!(names.contains(built), "{built}");
        }
        for other in ["proptest", "criterion", "rcgen", "xtask", "windows-sys", "openssl-sys"] {
            assert!(!names.contains(other), "{other}");
        }
    }
}
