//! The members of the workspace, parsed from the output of `cargo metadata`.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

/// A crate of this workspace.
pub(crate) struct Member {
    pub(crate) name: String,
    /// The path of its Cargo.toml from the root.
    pub(crate) manifest: String,
    pub(crate) has_build_script: bool,
    /// The declared dependencies, inside or outside the workspace.
    pub(crate) dependencies: Vec<Dependency>,
}

/// A dependency in a manifest.
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// True for a dev-dependency. Build dependencies count as normal ones.
    pub(crate) dev: bool,
}

/// Parses the members.
///
/// If the JSON does not have format version 1.
pub(crate) fn members(json: &str, root: &Path) -> anyhow::Result<Vec<Member>> {
    let metadata: Value = serde_json::from_str(json)?;
    array(&metadata, "packages")?
        .iter()
        .map(|package| member(package, root))
        .collect()
}

fn member(package: &Value, root: &Path) -> anyhow::Result<Member> {
    let manifest = Path::new(string(package, "manifest_path")?);
    let dependencies = array(package, "dependencies")?.iter().map(|dependency| {
        let dev = dependency["kind"].as_str() == Some("dev");
        Ok(Dependency {
            name: string(dependency, "name")?.to_owned(),
            dev,
        })
    });
    Ok(Member {
        name: string(package, "name")?.to_owned(),
        manifest: manifest
            .strip_prefix(root)?
            .to_string_lossy()
            .replace('\\', "/"),
        has_build_script: array(package, "targets")?.iter().any(|target| {
            target["kind"]
                .as_array()
                .is_some_and(|kinds| kinds.contains(&"custom-build".into()))
        }),
        dependencies: dependencies.collect::<anyhow::Result<_>>()?,
    })
}

fn array<'v>(value: &'v Value, key: &str) -> anyhow::Result<&'v Vec<Value>> {
    value[key]
        .as_array()
        .with_context(|| format!("cargo metadata has no list `{key}`"))
}

fn string<'v>(value: &'v Value, key: &str) -> anyhow::Result<&'v str> {
    value[key]
        .as_str()
        .with_context(|| format!("cargo metadata has no text `{key}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_prints() {
        let json = r#"{"packages": [{
            "name": "a", "manifest_path": "/w/crates/a/Cargo.toml",
            "targets": [{"kind": ["lib"]}, {"kind": ["custom-build"]}],
            "dependencies": [{"name": "b", "kind": null}, {"name": "c", "kind": "dev"}]
        }]}"#;
        let members = members(json, Path::new("/w")).expect("this is what cargo prints");
        let [member] = members.as_slice() else {
            panic!("one member")
        };
        assert_eq!(
            (member.name.as_str(), member.manifest.as_str()),
            ("a", "crates/a/Cargo.toml")
        );
        assert!(member.has_build_script);
        let dev: Vec<bool> = member
            .dependencies
            .iter()
            .map(|dependency| dependency.dev)
            .collect();
        assert_eq!(dev, [false, true]);
    }
}
