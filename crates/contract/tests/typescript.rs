//! The committed TypeScript types are those that the Rust types give.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bellbird_contract::{Command, Levels, PhoneView};
use ts_rs::{Config, TS, TypeVisitor};

const HEAD: &str = "// Written from crates/contract by `BELLBIRD_WRITE_CONTRACT=1 cargo test -p bellbird-contract`. Not to be edited.\n";

#[test]
fn committed_typescript_types_are_up_to_date() {
    let wanted = declarations();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/contract/index.ts");
    if std::env::var_os("BELLBIRD_WRITE_CONTRACT").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &wanted).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == wanted, "{} is stale: run with BELLBIRD_WRITE_CONTRACT=1 and commit it", path.display());
}

fn declarations() -> String {
    let mut types = Types::default();
    types.visit::<Command>();
    types.visit::<PhoneView>();
    types.visit::<Levels>();
    types.declared.into_values().fold(HEAD.to_owned(), |file, declaration| file + "\n" + &declaration)
}

#[derive(Default)]
struct Types {
    config: Config,
    declared: BTreeMap<String, String>,
}

impl TypeVisitor for Types {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if T::output_path().is_none() {
            return;
        }
        let name = T::ident(&self.config);
        if self.declared.contains_key(&name) {
            return;
        }
        let docs = one_line_comments(&T::docs().unwrap_or_default());
        let declaration = one_line_comments(&T::decl(&self.config)).replace('\n', "\n  ");
        self.declared.insert(name, format!("{docs}export {declaration}\n"));
        T::visit_dependencies(self);
    }
}

/// Writes `/** text */` on one line where the text is one line.
fn one_line_comments(code: &str) -> String {
    let lines: Vec<&str> = code.lines().map(str::trim_end).collect();
    let mut written = Vec::new();
    let mut rest = lines.as_slice();
    while let [line, tail @ ..] = rest {
        match rest {
            ["/**", text, " */", after @ ..] => {
                written.push(format!("/**{} */", text.trim_start_matches(" *")));
                rest = after;
            }
            _ => {
                written.push((*line).to_owned());
                rest = tail;
            }
        }
    }
    let end = if code.ends_with('\n') { "\n" } else { "" };
    written.join("\n") + end
}
