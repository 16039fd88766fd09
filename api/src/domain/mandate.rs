//! For whom somebody may sign in: a role, and the organisation that the role acts for.

use entity::words::{Duty, Role};

use crate::{
    error::{Finding, Text},
    memory::registry::Registry,
};

/// Longest name of a person or a client, in characters.
const LONGEST_NAME: usize = 100;

/// What is wrong with a role and its organisation.
pub(super) fn check(registry: &Registry, role: Role, org: Option<&str>) -> Option<Finding> {
    let word = role.word();
    let (code, message, expected) = match (example(role), org) {
        (None, None) => return None,
        (None, Some(_)) => (
            "org_not_allowed",
            Text::new(format!("角色 {word} 不属于任何机构"), format!("{word} acts for no organisation")),
            "none".to_owned(),
        ),
        (Some(example), None) => (
            "org_missing",
            Text::new(
                format!("角色 {word} 必须指明所属机构的代码"),
                format!("{word} acts for an organisation: give its code"),
            ),
            format!("e.g. {example}"),
        ),
        (Some(_), Some(org)) if knows(registry, role, org) => return None,
        (Some(example), Some(org)) => ("org_unknown", unknown(registry, role, org), format!("e.g. {example}")),
    };
    Some(Finding::error(code, "/org", message).with(expected, org.unwrap_or_default()))
}

/// What is wrong with a duty: only schools part filling in from signing off.
pub(super) fn check_duty(role: Role, duty: Duty) -> Option<Finding> {
    let is_wrong = duty != Duty::All && role != Role::School;
    is_wrong.then(|| {
        let message = Text::new(
            format!("只有 SCHOOL 区分填报与审签，{} 的职责只能是 all", role.word()),
            format!("Only a SCHOOL parts filling in from signing off; the duty of {} is `all`", role.word()),
        );
        Finding::error("duty", "/duty", message).with(Duty::All.word(), duty.word())
    })
}

/// The three that nobody has two of: who keeps the people, who audits, and who works with data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    People,
    Audit,
    Data,
}

const fn part(role: Role) -> Part {
    match role {
        Role::Admin => Part::People,
        Role::Auditor => Part::Audit,
        Role::Province | Role::City | Role::School | Role::Agency | Role::Enterprise | Role::Analyst => Part::Data,
    }
}

/// What is wrong with a change of role: who has had one part never comes to another under the same name.
pub(super) fn check_move(from: Role, to: Role) -> Option<Finding> {
    (part(from) != part(to)).then(|| {
        let (from, to) = (from.word(), to.word());
        let message = Text::new(
            format!("{from} 不能改为 {to}：系统管理、审计与数据业务三权分立，请另建账号"),
            format!("{from} cannot become {to}: administration, audit and data are kept apart; make another account"),
        );
        Finding::error("role_group", "/role", message).with(from, to)
    })
}

/// What the code of a role's organisation looks like; nothing for the roles that act for none.
const fn example(role: Role) -> Option<&'static str> {
    match role {
        Role::Admin | Role::Auditor | Role::Analyst => None,
        Role::Province => Some("620000"),
        Role::City => Some("620100"),
        Role::School => Some("62001"),
        Role::Enterprise => Some("E0123ABCD"),
        Role::Agency => Some("agency-01"),
    }
}

/// Whether a role can act for the organisation with this code.
fn knows(registry: &Registry, role: Role, org: &str) -> bool {
    match role {
        Role::Admin | Role::Auditor | Role::Analyst => false,
        Role::Province => {
            registry.cities.all().iter().any(|city| province_of(city.code.as_str()).as_deref() == Some(org))
        }
        Role::City => registry.cities.get(org).is_some(),
        Role::School => registry.schools.get(org).is_some(),
        // Not by the code of one that was merged: that is nobody's any more.
        Role::Enterprise => registry.enterprises.get(org).is_some_and(|row| row.code == org),
        // Agencies are not in the registry.
        Role::Agency => is_name(org),
    }
}

fn unknown(registry: &Registry, role: Role, org: &str) -> Text {
    let word = role.word();
    match role {
        Role::Agency => Text::new(
            "评审机构代码只能由小写字母、数字和连字符组成（2 至 64 位）",
            "An agency's code has 2 to 64 lower-case letters, digits and hyphens",
        ),
        _ if registry.cities.all().is_empty() => Text::new(
            "机构名录为空：请先用 zhiqiao load 载入基础数据",
            "The registry is empty: load the reference data first with `zhiqiao load`",
        ),
        _ => Text::new(
            format!("机构名录中没有代码为“{org}”的 {word}"),
            format!("The registry has no {word} with the code `{org}`"),
        ),
    }
}

/// The province of a city, by GB/T 2260: `620100` is in `620000`.
fn province_of(city: &str) -> Option<String> {
    city.get(..2).map(|prefix| format!("{prefix}0000"))
}

/// Whether this can name something in a URL, a header and a log: 2 to 64 of `a-z0-9-`, a letter or digit first and last.
pub(super) fn is_name(text: &str) -> bool {
    (2..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// What is wrong with the name that something goes by on screens.
pub(super) fn check_label(pointer: &str, label: &str) -> Option<Finding> {
    let length = label.chars().count();
    let good = !label.trim().is_empty() && length <= LONGEST_NAME && !label.chars().any(char::is_control);
    (!good).then(|| {
        Finding::error(
            "name",
            pointer,
            Text::new(
                format!("名称须为 1 至 {LONGEST_NAME} 个字符，不含控制字符"),
                format!("A name has 1 to {LONGEST_NAME} characters and no control characters"),
            ),
        )
        .with(format!("1–{LONGEST_NAME}"), length.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain() {
        for good in ["ab", "school-62001", "a1", "62001", &"x".repeat(64)] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "a", "-ab", "ab-", "Ab", "a b", "a_b", "a%b", "a+b", "学校", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn nobody_moves_between_administration_audit_and_data() {
        for from in Role::ALL {
            for to in Role::ALL {
                let is_alone = |role: &Role| matches!(role, Role::Admin | Role::Auditor);
                let may = from == to || (!is_alone(from) && !is_alone(to));
                assert_eq!(check_move(*from, *to).is_none(), may, "{from:?} {to:?}");
            }
        }
    }

    #[test]
    fn a_city_lies_in_its_province() {
        assert_eq!(province_of("620100").as_deref(), Some("620000"));
        assert_eq!(province_of("6"), None);
    }
}
