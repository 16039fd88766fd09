//! What outsiders rely on, as reviewed: the permission matrix, the SDL, the OpenAPI document.

use zhiqiao::{
    authz::{Action, Kind, Role, allows},
    graphql, rest,
};

use crate::app::golden;

/// Who may do what to what, as a text that a reviewer can read.
fn matrix() -> String {
    let mut text =
        String::from("# Who may do what to what. Written from `authz::allows` by a test; review every change.\n");
    for kind in Kind::ALL {
        text.push_str(&format!("\n{kind:?}\n"));
        for action in Action::ALL {
            let may: Vec<&str> =
                Role::ALL.iter().filter(|role| allows(**role, *action, *kind)).map(|role| role.name()).collect();
            if !may.is_empty() {
                let who = if may.len() == Role::ALL.len() { "everybody".to_owned() } else { may.join(" ") };
                text.push_str(&format!("  {:8} {who}\n", format!("{action:?}")));
            }
        }
    }
    text
}

#[test]
fn the_permission_matrix_is_as_reviewed() {
    golden("tests/policy.txt", &matrix());
}

#[test]
fn the_graphql_schema_is_as_reviewed() {
    golden("schema.graphql", &graphql::sdl());
}

#[test]
fn the_openapi_document_is_as_reviewed() {
    golden("openapi.json", &rest::openapi_text());
}
