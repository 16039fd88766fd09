//! Which events of the journal are told to whom. The journal itself is the auditor's alone.
//!
//! An answer never changes with time: a reader that has gone past an event does not come back for it.

use entity::{client, journal, release};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, Select,
    sea_query::{Expr, ExprTrait, Func, Query, SimpleExpr},
};

use super::{
    Action, Actor, Kind, Role, allows,
    scope::{none, of_school},
};

/// Who is told of an event that belongs to no school. One that belongs to a school is told to that
/// school, to its city and to the province, unless it is addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Whoever has a token.
    Everybody,
    /// Schools, cities and the province: whoever reports or reviews.
    Reporters,
    /// The province, and those whom the event itself names: schools, cities, enterprises, agencies.
    Parties,
    /// The province.
    Province,
    /// Nobody: it is for the auditor. Not even to its school.
    Nobody,
}

/// The nouns of all actions, each with its audience. A test holds it against the source.
pub const NOUNS: &[(&str, Audience)] = &[
    // What is public, and its upkeep.
    ("registry", Audience::Everybody),
    ("catalogue", Audience::Everybody),
    ("dataset", Audience::Everybody),
    ("indicator", Audience::Everybody),
    ("period", Audience::Everybody),
    ("rule", Audience::Everybody),
    ("release", Audience::Everybody),
    ("target", Audience::Everybody),
    // What happens to schools' data.
    ("collection", Audience::Reporters),
    ("submission", Audience::Province),
    ("submissions", Audience::Province),
    ("batch", Audience::Province),
    ("task", Audience::Parties),
    ("webhook", Audience::Province),
    // Certification: what is public of it to everybody, applications to those whom they concern.
    ("certification_batch", Audience::Everybody),
    ("enterprise_certification", Audience::Parties),
    ("incentive", Audience::Parties),
    ("certification_agency", Audience::Everybody),
    ("teacher_certification", Audience::Parties),
    // What is printed, and why it contradicts itself; what it was held against.
    ("claim", Audience::Everybody),
    ("reconciliation", Audience::Province),
    // What schools and enterprises do together: proposals are for those concerned, members and activities public.
    ("partnership", Audience::Parties),
    ("application", Audience::Parties),
    ("membership", Audience::Everybody),
    ("activity", Audience::Everybody),
    // What is sought and offered, and who meets whom: told to those whom it concerns.
    ("opportunity", Audience::Parties),
    ("bulletin", Audience::Everybody),
    ("match", Audience::Parties),
    ("digest", Audience::Parties),
    ("interest", Audience::Parties),
    ("contact", Audience::Parties),
    // People, programs and their keys; a secret that ends soon is told of (`EXPIRING`).
    ("account", Audience::Nobody),
    ("client", Audience::Nobody),
    ("key", Audience::Nobody),
    ("session", Audience::Nobody),
    ("token", Audience::Nobody),
    // Attempts that were refused, and what is done to the journal itself.
    ("access", Audience::Nobody),
    ("journal", Audience::Nobody),
];

/// The one event of a client that is told: its secret ends soon.
pub const EXPIRING: &str = "client.expiring";

/// The rows of the journal that are told to this caller.
fn within(actor: &Actor) -> Condition {
    Condition::any().add(of_data(actor)).add(of_own_clients(actor))
}

/// Secrets that end soon: told to the organisation whose client it is, to a client without one itself, and to
/// those who can make another.
fn of_own_clients(actor: &Actor) -> Condition {
    let own = match (actor.role, actor.org.as_deref()) {
        (Role::Public | Role::System, _) => return none(),
        (Role::Admin, _) => Condition::all(),
        (role, Some(org)) => {
            let of_the_house = Query::select()
                .column(client::Column::ClientId)
                .from(client::Entity)
                .and_where(Expr::col((client::Entity, client::Column::Role)).eq(role.name()))
                .and_where(Expr::col((client::Entity, client::Column::Org)).eq(org))
                .to_owned();
            Condition::all().add(journal::Column::Object.in_subquery(of_the_house))
        }
        (_, None) => match actor.subject.strip_prefix("client:") {
            Some(client) => Condition::all().add(journal::Column::Object.eq(client)),
            None => return none(),
        },
    };
    Condition::all().add(journal::Column::Action.eq(EXPIRING)).add(own)
}

/// Everything else, which is about data.
fn of_data(actor: &Actor) -> Condition {
    match actor.role {
        Role::Province | Role::System => {
            of([Audience::Everybody, Audience::Reporters, Audience::Parties, Audience::Province])
        }
        Role::City | Role::School => Condition::any()
            .add(open())
            .add(addressed(actor))
            .add(Condition::all().add(journal::Column::SchoolCode.is_null()).add(of([Audience::Reporters])))
            .add(
                Condition::all()
                    .add(of([Audience::Everybody, Audience::Reporters, Audience::Province]))
                    .add(of_school(actor, journal::Column::SchoolCode)),
            ),
        Role::Agency | Role::Enterprise => Condition::any().add(open()).add(addressed(actor)),
        Role::Admin | Role::Auditor | Role::Analyst => open(),
        Role::Public => none(),
    }
}

/// How a party stands in a row of the journal.
pub fn party(role: Role, org: &str) -> String {
    format!(";{}:{org};", role.name())
}

/// Events that name the caller's organisation.
fn addressed(actor: &Actor) -> Condition {
    let parties = || Expr::col((journal::Entity, journal::Column::Parties));
    // Not by LIKE, which takes `_` for any letter and, on SQLite, `a` for `A`.
    let without = Func::cust("replace").arg(parties()).arg(party(actor.role, actor.org())).arg("");
    Condition::all().add(of([Audience::Parties])).add(Expr::expr(without).ne(parties()))
}

/// Events of these audiences.
fn of<const N: usize>(audiences: [Audience; N]) -> Condition {
    let nouns = NOUNS.iter().filter(|(_, audience)| audiences.contains(audience));
    nouns.fold(Condition::any(), |any, (noun, _)| any.add(is_of(noun)))
}

fn is_of(noun: &str) -> SimpleExpr {
    journal::Column::Action.starts_with(format!("{noun}."))
}

/// Events that are told to everybody: of no school, and not of a release that is still hidden.
fn open() -> Condition {
    // By the day of the event and not of the question: what is hidden now is never told later, by this event.
    let there = Query::select()
        .column(release::Column::Version)
        .from(release::Entity)
        .and_where(
            Expr::col((release::Entity, release::Column::PublishAt))
                .lte(Expr::col((journal::Entity, journal::Column::At))),
        )
        .to_owned();
    Condition::all()
        .add(journal::Column::SchoolCode.is_null())
        .add(of([Audience::Everybody]))
        .add(Condition::any().add(is_of("release").not()).add(journal::Column::Object.in_subquery(there)))
}

/// The start of every read of the feed: the journal, as far as its events are told to this caller.
#[expect(clippy::disallowed_methods, reason = "the one scoped start of a read of the feed")]
pub fn told(actor: &Actor) -> Select<journal::Entity> {
    let may = allows(actor.role, Action::Read, Kind::Event);
    journal::Entity::find().filter(if may { within(actor) } else { none() })
}
