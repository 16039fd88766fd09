//! Which rows: one rule per entity. Children lean on their parent's rule.
//!
//! Every case is written out. An empty `Condition::all()` keeps every row and an
//! empty `any()` none, so a scope is never built by "adding what applies".
//!
//! Here are the rules of what is reported and of what everything needs; those of what schools and enterprises have
//! with each other are in `parties`.

mod parties;

use entity::{
    account, batch, batch_part, batch_table, bulletin, certification_agency, certification_assignment,
    certification_batch, claim, claim_explanation, client, client_assertion, client_key, collection,
    collection_extension, consortium_activity, consortium_member, data_access, data_access_table, dataset, finding,
    idempotency, indicator, journal, journal_checkpoint, journal_seal, lockout, period, reconciliation, recovery_code,
    refresh_token, release, release_table, revision, revocation, school, second_factor, signing_key, submission,
    target, task, task_evaluation, task_report, task_verdict, teacher_certificate, token_family, transition, webhook,
    webhook_delivery,
};
use sea_orm::{
    ColumnTrait, Condition, DeleteMany, EntityTrait, IntoSimpleExpr, QueryFilter, Select, UpdateMany,
    sea_query::{Expr, ExprTrait, Query, SimpleExpr},
};

use super::{Actor, Kind, Role};

/// An entity whose rows are not for everybody.
pub trait Scoped: EntityTrait {
    /// What the table of rights calls it.
    const KIND: Kind;

    /// The rows that this caller may know of.
    fn within(actor: &Actor) -> Condition;
}

/// Keeps every row.
fn every() -> Condition {
    Condition::all()
}

/// Keeps no row.
pub(super) fn none() -> Condition {
    Condition::all().add(Expr::val(1).eq(0))
}

/// The rule of everything that is public.
macro_rules! public {
    ($($entity:ident => $kind:ident),* $(,)?) => {$(
        impl Scoped for $entity::Entity {
            const KIND: Kind = Kind::$kind;
            fn within(_: &Actor) -> Condition { every() }
        }
    )*};
}

public! {
    school => Registry,
    dataset => Catalogue,
    indicator => Catalogue,
    period => Catalogue,
    claim => Claim,
    claim_explanation => Claim,
    consortium_member => Registry,
    consortium_activity => ConsortiumActivity,
    target => Target,
    certification_batch => CertificationPlan,
    certification_agency => CertificationPlan,
    certification_assignment => CertificationPlan,
    bulletin => Bulletin,
    // Looked up by a code that nobody guesses, and never listed but by the school's own officials.
    teacher_certificate => Certificate,
}

/// The rule of everything that belongs to one school: its key is led by the school.
pub(super) fn of_school(actor: &Actor, school_code: impl ColumnTrait) -> Condition {
    match actor.role {
        Role::Province | Role::System => every(),
        Role::City => Condition::all().add(in_city(school_code.into_simple_expr(), actor.org())),
        Role::School => Condition::all().add(school_code.eq(actor.org())),
        Role::Public | Role::Admin | Role::Auditor | Role::Agency | Role::Enterprise | Role::Analyst => none(),
    }
}

fn in_city(school_code: SimpleExpr, city: &str) -> SimpleExpr {
    school_code.in_subquery(
        Query::select()
            .column(school::Column::Code)
            .from(school::Entity)
            .and_where(school::Column::CityCode.eq(city))
            .to_owned(),
    )
}

macro_rules! of_school {
    ($($entity:ident),* $(,)?) => {$(
        impl Scoped for $entity::Entity {
            const KIND: Kind = Kind::Submission;
            fn within(actor: &Actor) -> Condition { of_school(actor, $entity::Column::SchoolCode) }
        }
    )*};
}

of_school!(submission, revision, finding, transition);

impl Scoped for collection::Entity {
    const KIND: Kind = Kind::Collection;

    fn within(actor: &Actor) -> Condition {
        match actor.role {
            // The days are the same for everybody who reports or reviews.
            Role::Province | Role::City | Role::School | Role::System => every(),
            Role::Public | Role::Admin | Role::Auditor | Role::Agency | Role::Enterprise | Role::Analyst => none(),
        }
    }
}

impl Scoped for collection_extension::Entity {
    const KIND: Kind = Kind::Collection;

    fn within(actor: &Actor) -> Condition {
        of_school(actor, collection_extension::Column::SchoolCode)
    }
}

impl Scoped for batch::Entity {
    const KIND: Kind = Kind::Batch;

    fn within(actor: &Actor) -> Condition {
        match actor.role {
            Role::System => every(),
            // Its sender's alone: what is in it is a draft.
            Role::School | Role::Province => Condition::all().add(batch::Column::Sender.eq(actor.subject.as_str())),
            Role::City
            | Role::Public
            | Role::Admin
            | Role::Auditor
            | Role::Agency
            | Role::Enterprise
            | Role::Analyst => none(),
        }
    }
}

fn of_batch(actor: &Actor, batch_id: impl ColumnTrait) -> Condition {
    Condition::all().add(
        batch_id.in_subquery(
            Query::select()
                .column(batch::Column::Id)
                .from(batch::Entity)
                .cond_where(batch::Entity::within(actor))
                .to_owned(),
        ),
    )
}

impl Scoped for batch_part::Entity {
    const KIND: Kind = Kind::Batch;

    fn within(actor: &Actor) -> Condition {
        of_batch(actor, batch_part::Column::BatchId)
    }
}

impl Scoped for batch_table::Entity {
    const KIND: Kind = Kind::Batch;

    fn within(actor: &Actor) -> Condition {
        of_batch(actor, batch_table::Column::BatchId)
    }
}

impl Scoped for reconciliation::Entity {
    const KIND: Kind = Kind::Reconciliation;

    fn within(actor: &Actor) -> Condition {
        match actor.role {
            Role::Province | Role::System => every(),
            // What a city was told, it was told of its own schools: others were told otherwise.
            Role::City => Condition::all()
                .add(reconciliation::Column::ActorRole.eq(Role::City.name()))
                .add(reconciliation::Column::ActorOrg.eq(actor.org())),
            Role::Public
            | Role::Admin
            | Role::Auditor
            | Role::School
            | Role::Agency
            | Role::Enterprise
            | Role::Analyst => none(),
        }
    }
}

/// What a city's officials, and of its own a school, are concerned with.
fn concerned(actor: &Actor, city_code: impl ColumnTrait, school_code: impl ColumnTrait) -> Condition {
    match actor.role {
        Role::Province | Role::System => every(),
        Role::City => Condition::all().add(city_code.eq(actor.org())),
        Role::School => Condition::all().add(school_code.eq(actor.org())),
        Role::Public | Role::Admin | Role::Auditor | Role::Agency | Role::Enterprise | Role::Analyst => none(),
    }
}

impl Scoped for task::Entity {
    const KIND: Kind = Kind::Task;

    fn within(actor: &Actor) -> Condition {
        // What is printed is everybody's, and what is not theirs whom it concerns.
        Condition::any().add(task::Column::Source.is_not_null()).add(concerned(
            actor,
            task::Column::CityCode,
            task::Column::SchoolCode,
        ))
    }
}

/// What is said of a task on its way: for those whom it concerns, printed or not.
fn of_task(actor: &Actor, task_id: impl ColumnTrait) -> Condition {
    Condition::all().add(
        task_id.in_subquery(
            Query::select()
                .column(task::Column::Id)
                .from(task::Entity)
                .cond_where(concerned(actor, task::Column::CityCode, task::Column::SchoolCode))
                .to_owned(),
        ),
    )
}

impl Scoped for task_report::Entity {
    const KIND: Kind = Kind::Progress;

    fn within(actor: &Actor) -> Condition {
        of_task(actor, task_report::Column::TaskId)
    }
}

impl Scoped for task_verdict::Entity {
    const KIND: Kind = Kind::Progress;

    fn within(actor: &Actor) -> Condition {
        of_task(actor, task_verdict::Column::TaskId)
    }
}

impl Scoped for task_evaluation::Entity {
    const KIND: Kind = Kind::Progress;

    fn within(actor: &Actor) -> Condition {
        concerned(actor, task_evaluation::Column::CityCode, task_evaluation::Column::SchoolCode)
    }
}

impl Scoped for release::Entity {
    const KIND: Kind = Kind::Release;

    fn within(actor: &Actor) -> Condition {
        match actor.role {
            // The province prepares releases, the service checks them.
            Role::Province | Role::System => every(),
            _ => Condition::all().add(release::Column::PublishAt.lte(actor.at)),
        }
    }
}

impl Scoped for release_table::Entity {
    const KIND: Kind = Kind::Release;

    fn within(actor: &Actor) -> Condition {
        Condition::all().add(
            release_table::Column::Version.in_subquery(
                Query::select()
                    .column(release::Column::Version)
                    .from(release::Entity)
                    .cond_where(release::Entity::within(actor))
                    .to_owned(),
            ),
        )
    }
}

/// The rule of what only one role and the service itself may know.
macro_rules! only {
    ($($entity:ident => $kind:ident for $role:ident),* $(,)?) => {$(
        impl Scoped for $entity::Entity {
            const KIND: Kind = Kind::$kind;
            fn within(actor: &Actor) -> Condition {
                match actor.role { Role::$role | Role::System => every(), _ => none() }
            }
        }
    )*};
}

only! {
    account => Account for Admin,
    // Beside an account: whoever resets it lifts its locks and removes its second factor.
    lockout => Account for Admin,
    recovery_code => Account for Admin,
    second_factor => Account for Admin,
    client => Client for Admin,
    client_key => Client for Admin,
    signing_key => SigningKey for Admin,
    journal => Journal for Auditor,
    journal_seal => Journal for Auditor,
    journal_checkpoint => Journal for Auditor,
}

/// The rule of what nobody asks for by itself: who holds a token shows it.
macro_rules! of_the_door {
    ($($entity:ident),* $(,)?) => {$(
        impl Scoped for $entity::Entity {
            const KIND: Kind = Kind::Grant;
            fn within(actor: &Actor) -> Condition {
                match actor.role { Role::System => every(), _ => none() }
            }
        }
    )*};
}

of_the_door!(token_family, refresh_token, revocation, client_assertion);

impl Scoped for idempotency::Entity {
    const KIND: Kind = Kind::Idempotency;

    fn within(actor: &Actor) -> Condition {
        match actor.role {
            Role::System => every(),
            Role::Public => none(),
            Role::Admin
            | Role::Auditor
            | Role::Province
            | Role::City
            | Role::School
            | Role::Agency
            | Role::Enterprise
            | Role::Analyst => Condition::all().add(idempotency::Column::Subject.eq(actor.subject.as_str())),
        }
    }
}

impl Scoped for data_access::Entity {
    const KIND: Kind = Kind::Access;

    fn within(actor: &Actor) -> Condition {
        let of_tables = Query::select()
            .column(data_access_table::Column::AccessId)
            .from(data_access_table::Entity)
            .cond_where(data_access_table::Entity::within(actor))
            .to_owned();
        match actor.role {
            Role::Auditor | Role::System => every(),
            // Whoever has read the school's tables, but not the school itself.
            Role::School => Condition::all().add(data_access::Column::Id.in_subquery(of_tables)).add(
                Condition::any()
                    .add(data_access::Column::ActorRole.ne(Role::School.name()))
                    .add(data_access::Column::ActorOrg.ne(actor.org())),
            ),
            Role::Public
            | Role::Admin
            | Role::Province
            | Role::City
            | Role::Agency
            | Role::Enterprise
            | Role::Analyst => none(),
        }
    }
}

impl Scoped for data_access_table::Entity {
    const KIND: Kind = Kind::Access;

    fn within(actor: &Actor) -> Condition {
        use data_access_table::Column as C;
        match actor.role {
            Role::Auditor | Role::System => every(),
            Role::School => {
                // Who has read all of its scope has read this school, too: the province, and the school's city.
                let city = Query::select()
                    .column(school::Column::CityCode)
                    .from(school::Entity)
                    .and_where(school::Column::Code.eq(actor.org()))
                    .to_owned();
                let readers = Query::select()
                    .column(data_access::Column::Id)
                    .from(data_access::Entity)
                    .cond_where(
                        Condition::any().add(data_access::Column::ActorRole.eq(Role::Province.name())).add(
                            Condition::all()
                                .add(data_access::Column::ActorRole.eq(Role::City.name()))
                                .add(data_access::Column::ActorOrg.in_subquery(city)),
                        ),
                    )
                    .to_owned();
                let own = Condition::any()
                    .add(C::SchoolCode.eq(actor.org()))
                    .add(Condition::all().add(C::SchoolCode.eq("*")).add(C::AccessId.in_subquery(readers)));
                // Every look at a list of what waits would drown who has read what the school says.
                Condition::all().add(C::IsListed.eq(false)).add(own)
            }
            Role::Public
            | Role::Admin
            | Role::Province
            | Role::City
            | Role::Agency
            | Role::Enterprise
            | Role::Analyst => none(),
        }
    }
}

impl Scoped for webhook::Entity {
    const KIND: Kind = Kind::Webhook;

    fn within(actor: &Actor) -> Condition {
        match actor.role {
            Role::System => every(),
            // Of the organisation, whoever of it has made them; a city's are not the province's.
            Role::Province | Role::City | Role::School | Role::Enterprise => Condition::all()
                .add(webhook::Column::Role.eq(actor.role.name()))
                .add(webhook::Column::Org.eq(actor.org())),
            Role::Public | Role::Admin | Role::Auditor | Role::Agency | Role::Analyst => none(),
        }
    }
}

impl Scoped for webhook_delivery::Entity {
    const KIND: Kind = Kind::Webhook;

    fn within(actor: &Actor) -> Condition {
        Condition::all().add(
            webhook_delivery::Column::WebhookId.in_subquery(
                Query::select()
                    .column(webhook::Column::Id)
                    .from(webhook::Entity)
                    .cond_where(webhook::Entity::within(actor))
                    .to_owned(),
            ),
        )
    }
}

/// Tables without a caller: read whole by the instance itself when it fills its memory, and by `load`.
///
/// Everything in them is public. A statistical table must never be named here;
/// a test holds this list against the table of rights.
pub trait Whole: EntityTrait {}

macro_rules! whole {
    ($($entity:ident),* $(,)?) => {$(impl Whole for entity::$entity::Entity {})*};
}

whole!(
    alias,
    city,
    city_figure,
    claim,
    consortium,
    consortium_activity,
    consortium_member,
    dataset,
    designation,
    duplicate_decision,
    enterprise,
    epoch,
    external_institution,
    indicator,
    indicator_edition,
    industry_chain,
    major,
    major_chain,
    period,
    policy,
    programme,
    registry_change,
    registry_snapshot,
    registry_term,
    rule,
    school,
    school_succession,
    target,
    teacher_certification_count,
);

/// The start of every read of a scoped entity: what the role may not read, or not of this row, is not there.
#[expect(clippy::disallowed_methods, reason = "the one scoped start of a read")]
pub fn visible<E: Scoped>(actor: &Actor) -> Select<E> {
    let may = super::allows(actor.role, super::Action::Read, E::KIND);
    E::find().filter(if may { E::within(actor) } else { none() })
}

/// The start of every conditional change of a scoped entity: only rows within the caller's scope are touched.
#[expect(clippy::disallowed_methods, reason = "the one scoped start of a change")]
pub fn change<E: Scoped>(actor: &Actor) -> UpdateMany<E> {
    E::update_many().filter(E::within(actor))
}

/// The start of every removal from a scoped entity: only rows within the caller's scope go.
#[expect(clippy::disallowed_methods, reason = "the one scoped start of a removal")]
pub fn remove<E: Scoped>(actor: &Actor) -> DeleteMany<E> {
    E::delete_many().filter(E::within(actor))
}

/// The start of a read of a table that is public as a whole.
#[expect(clippy::disallowed_methods, reason = "only tables without a caller")]
pub fn whole<E: Whole>() -> Select<E> {
    E::find()
}

/// Whether a release with this date is there for the caller: the rule of [`release::Entity`] for what is in memory.
pub fn sees_release(actor: &Actor, publish_at: chrono::DateTime<chrono::Utc>) -> bool {
    matches!(actor.role, Role::Province | Role::System) || publish_at <= actor.at
}
