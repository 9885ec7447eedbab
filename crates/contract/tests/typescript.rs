//! The committed TypeScript types are those that the Rust types give.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::path::PathBuf;

use bellbird_contract::server;
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
    visit_api(&mut types);
    types.declared.into_values().fold(HEAD.to_owned(), |file, declaration| file + "\n" + &declaration)
}

/// What the portal sends and gets; everything else hangs on these.
fn visit_api(types: &mut Types) {
    types.visit::<server::ServerHello>();
    types.visit::<server::SessionRequest>();
    types.visit::<server::SessionStart>();
    types.visit::<server::LinkInfo>();
    types.visit::<server::PasswordChange>();
    types.visit::<server::PasswordReset>();
    types.visit::<server::SetUp>();
    types.visit::<server::IssuedLink>();
    types.visit::<server::IssuedApiKey>();
    types.visit::<server::ClientMessage>();
    types.visit::<server::ServerEvent>();
    types.visit::<server::Page<server::UserRow>>();
    types.visit::<server::UserQuery>();
    types.visit::<server::UserDetail>();
    types.visit::<server::UserCreated>();
    types.visit::<server::Contact>();
    types.visit::<server::ContactEdit>();
    types.visit::<server::UserChange>();
    types.visit::<server::SettingsChange>();
    types.visit::<server::BulkEdit>();
    types.visit::<server::DryRun>();
    types.visit::<server::TelephonyChange>();
    types.visit::<server::DndRequest>();
    types.visit::<server::DndView>();
    types.visit::<server::VoipAccount>();
    types.visit::<server::AccountEdit>();
    types.visit::<server::AccountSecret>();
    types.visit::<server::SipTest>();
    types.visit::<server::NetworkTest>();
    types.visit::<server::NumberEdit>();
    types.visit::<server::TrunkEdit>();
    types.visit::<server::TrunkTest>();
    types.visit::<server::OrganisationChange>();
    types.visit::<server::RecordQuery>();
    types.visit::<server::CallRequest>();
    types.visit::<server::AuditEntry>();
    types.visit::<server::AuditQuery>();
    types.visit::<server::ChangeRequestAnswer>();
}

#[derive(Default)]
struct Types {
    config: Config,
    declared: BTreeMap<String, String>,
    /// Which Rust type a name stands for: two of one name would hide each other.
    owners: BTreeMap<String, TypeId>,
}

impl TypeVisitor for Types {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if T::output_path().is_none() {
            return;
        }
        let name = T::ident(&self.config);
        let owner = *self.owners.entry(name.clone()).or_insert(TypeId::of::<T::WithoutGenerics>());
        assert!(owner == TypeId::of::<T::WithoutGenerics>(), "two types are called {name}");
        if self.declared.contains_key(&name) {
            return;
        }
        let docs = one_line_comments(&T::docs().unwrap_or_default());
        let declaration = one_line_comments(&T::decl(&self.config)).replace('\n', "\n  ");
        self.declared.insert(name, format!("{docs}export {declaration}\n"));
        T::visit_dependencies(self);
        T::visit_generics(self);
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
