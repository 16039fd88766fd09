//! Which rows of what schools and enterprises have with each other: partnerships, consortia, supply and demand,
//! certifications.

use chrono::TimeDelta;
use entity::{
    certificate_sequence, consortium_application, consortium_member, enterprise, enterprise_certification,
    enterprise_certification_step, incentive, opportunity, opportunity_interest, opportunity_match, partnership,
    teacher_certification, teacher_certification_step,
    words::{EnterpriseCertificationState, MemberRole, OpportunityState, PartnershipState},
};
use sea_orm::{
    ColumnTrait, Condition, IntoSimpleExpr,
    sea_query::{Query, SelectStatement, SimpleExpr},
};

use super::{Scoped, every, in_city, none, of_school};
use crate::authz::{Actor, Kind, Role};

/// What stands, has ended, or is printed somewhere.
fn open_partnerships() -> Condition {
    Condition::any()
        .add(partnership::Column::IsPrinted.eq(true))
        .add(partnership::Column::State.is_in([PartnershipState::Active, PartnershipState::Ended]))
}

impl Scoped for partnership::Entity {
    const KIND: Kind = Kind::Partnership;

    fn within(actor: &Actor) -> Condition {
        use partnership::Column as C;
        match actor.role {
            Role::Province | Role::System => every(),
            // What is proposed is its two sides' own, and their cities'.
            Role::School => open_partnerships().add(C::SchoolCode.eq(actor.org())),
            Role::Enterprise => open_partnerships().add(C::EnterpriseCode.eq(actor.org())),
            Role::City => {
                let enterprises = Query::select()
                    .column(enterprise::Column::Code)
                    .from(enterprise::Entity)
                    .and_where(enterprise::Column::CityCode.eq(actor.org()))
                    .to_owned();
                open_partnerships()
                    .add(in_city(C::SchoolCode.into_simple_expr(), actor.org()))
                    .add(C::EnterpriseCode.in_subquery(enterprises))
            }
            Role::Public | Role::Admin | Role::Auditor | Role::Agency | Role::Analyst => open_partnerships(),
        }
    }
}

/// Consortia that a member leads.
fn led(member: SimpleExpr) -> SelectStatement {
    use consortium_member::Column as C;
    Query::select()
        .column(C::ConsortiumCode)
        .from(consortium_member::Entity)
        .and_where(member)
        .and_where(C::Role.is_in([MemberRole::Lead, MemberRole::CoLead]))
        .and_where(C::LeftOn.is_null())
        .to_owned()
}

impl Scoped for consortium_application::Entity {
    const KIND: Kind = Kind::ConsortiumApplication;

    fn within(actor: &Actor) -> Condition {
        use consortium_application::Column as C;
        use consortium_member::Column as M;
        match actor.role {
            Role::Province | Role::System => every(),
            // The applicant's, and its consortium's leads'.
            Role::School => Condition::any()
                .add(C::SchoolCode.eq(actor.org()))
                .add(C::ConsortiumCode.in_subquery(led(M::SchoolCode.eq(actor.org())))),
            Role::Enterprise => Condition::any()
                .add(C::EnterpriseCode.eq(actor.org()))
                .add(C::ConsortiumCode.in_subquery(led(M::EnterpriseCode.eq(actor.org())))),
            Role::Public | Role::Admin | Role::Auditor | Role::City | Role::Agency | Role::Analyst => none(),
        }
    }
}

impl Scoped for enterprise_certification::Entity {
    const KIND: Kind = Kind::EnterpriseCertification;

    fn within(actor: &Actor) -> Condition {
        use enterprise_certification::Column as C;
        let today = actor.today();
        // What everybody may know: who is certified, for as long as it is.
        let is_valid = || {
            Condition::all()
                .add(C::State.eq(EnterpriseCertificationState::Certified))
                .add(Condition::any().add(C::ValidFrom.is_null()).add(C::ValidFrom.lte(today)))
                .add(Condition::any().add(C::ValidUntil.is_null()).add(C::ValidUntil.gte(today)))
        };
        match actor.role {
            Role::Province | Role::System => every(),
            Role::City | Role::Enterprise => Condition::any().add(own_certifications(actor)).add(is_valid()),
            Role::Public | Role::Admin | Role::Auditor | Role::School | Role::Agency | Role::Analyst => is_valid(),
        }
    }
}

/// The certifications whose papers are the caller's to see.
fn own_certifications(actor: &Actor) -> Condition {
    use enterprise_certification::Column as C;
    match actor.role {
        Role::Province | Role::System => every(),
        Role::City => Condition::all().add(C::CityCode.eq(actor.org())),
        Role::Enterprise => Condition::all().add(C::EnterpriseCode.eq(actor.org())),
        Role::Public | Role::Admin | Role::Auditor | Role::School | Role::Agency | Role::Analyst => none(),
    }
}

impl Scoped for enterprise_certification_step::Entity {
    const KIND: Kind = Kind::EnterpriseCertification;

    fn within(actor: &Actor) -> Condition {
        Condition::all().add(
            enterprise_certification_step::Column::ApplicationId.in_subquery(
                Query::select()
                    .column(enterprise_certification::Column::Id)
                    .from(enterprise_certification::Entity)
                    .cond_where(own_certifications(actor))
                    .to_owned(),
            ),
        )
    }
}

impl Scoped for incentive::Entity {
    const KIND: Kind = Kind::Incentive;

    fn within(actor: &Actor) -> Condition {
        match actor.role {
            Role::Province | Role::System => every(),
            Role::City => Condition::all().add(incentive::Column::CityCode.eq(actor.org())),
            Role::Enterprise => Condition::all().add(incentive::Column::EnterpriseCode.eq(actor.org())),
            Role::Public | Role::Admin | Role::Auditor | Role::School | Role::Agency | Role::Analyst => none(),
        }
    }
}

/// The rows whose owner is the caller: a school or an enterprise by its code.
fn of_owner(actor: &Actor, school_code: impl ColumnTrait, enterprise_code: impl ColumnTrait) -> Condition {
    match actor.role {
        Role::School => Condition::all().add(school_code.eq(actor.org())),
        Role::Enterprise => Condition::all().add(enterprise_code.eq(actor.org())),
        Role::Public
        | Role::System
        | Role::Admin
        | Role::Auditor
        | Role::Province
        | Role::City
        | Role::Agency
        | Role::Analyst => none(),
    }
}

/// The opportunities that are the caller's own, or of its city's schools and enterprises, whatever their state.
fn of_own_opportunities(actor: &Actor) -> Condition {
    use opportunity::Column as C;
    match actor.role {
        Role::Province | Role::System => every(),
        Role::City => Condition::all().add(C::OwnerCityCode.eq(actor.org())),
        Role::School | Role::Enterprise => of_owner(actor, C::SchoolCode, C::EnterpriseCode),
        Role::Public | Role::Admin | Role::Auditor | Role::Agency | Role::Analyst => none(),
    }
}

/// The ids of [`of_own_opportunities`].
fn own_opportunities(actor: &Actor) -> SelectStatement {
    Query::select()
        .column(opportunity::Column::Id)
        .from(opportunity::Entity)
        .cond_where(of_own_opportunities(actor))
        .to_owned()
}

impl Scoped for opportunity::Entity {
    const KIND: Kind = Kind::Opportunity;

    fn within(actor: &Actor) -> Condition {
        use opportunity::Column as C;
        // On its last day it stands until midnight (Asia/Shanghai), whenever a job comes to say that it is over.
        let today = (actor.at + TimeDelta::hours(8)).date_naive();
        let open = Condition::all().add(C::State.eq(OpportunityState::Published)).add(C::ValidUntil.gte(today));
        match actor.role {
            Role::Province | Role::System => every(),
            Role::City => Condition::any().add(open).add(of_own_opportunities(actor)),
            // Who has shown interest goes on seeing in what.
            Role::School | Role::Enterprise => {
                let met = Query::select()
                    .column(opportunity_interest::Column::OpportunityId)
                    .from(opportunity_interest::Entity)
                    .cond_where(of_owner(
                        actor,
                        opportunity_interest::Column::SchoolCode,
                        opportunity_interest::Column::EnterpriseCode,
                    ))
                    .to_owned();
                Condition::any().add(open).add(of_own_opportunities(actor)).add(C::Id.in_subquery(met))
            }
            Role::Public | Role::Admin | Role::Auditor | Role::Agency | Role::Analyst => open,
        }
    }
}

impl Scoped for teacher_certification::Entity {
    const KIND: Kind = Kind::TeacherCertification;

    fn within(actor: &Actor) -> Condition {
        match actor.role {
            // What is assigned to it, from then on, and nothing else.
            Role::Agency => Condition::all().add(teacher_certification::Column::AgencyCode.eq(actor.org())),
            _ => of_school(actor, teacher_certification::Column::SchoolCode),
        }
    }
}

impl Scoped for teacher_certification_step::Entity {
    const KIND: Kind = Kind::TeacherCertification;

    fn within(actor: &Actor) -> Condition {
        Condition::all().add(
            teacher_certification_step::Column::ApplicationId.in_subquery(
                Query::select()
                    .column(teacher_certification::Column::Id)
                    .from(teacher_certification::Entity)
                    .cond_where(teacher_certification::Entity::within(actor))
                    .to_owned(),
            ),
        )
    }
}

impl Scoped for certificate_sequence::Entity {
    const KIND: Kind = Kind::TeacherCertification;

    fn within(actor: &Actor) -> Condition {
        match actor.role {
            Role::Province | Role::System => every(),
            Role::Public
            | Role::Admin
            | Role::Auditor
            | Role::City
            | Role::School
            | Role::Agency
            | Role::Enterprise
            | Role::Analyst => none(),
        }
    }
}

impl Scoped for opportunity_match::Entity {
    const KIND: Kind = Kind::Match;

    fn within(actor: &Actor) -> Condition {
        use opportunity_match::Column as C;
        match actor.role {
            Role::Province | Role::System => every(),
            Role::City | Role::School | Role::Enterprise => Condition::any()
                .add(C::SupplyId.in_subquery(own_opportunities(actor)))
                .add(C::DemandId.in_subquery(own_opportunities(actor))),
            Role::Public | Role::Admin | Role::Auditor | Role::Agency | Role::Analyst => none(),
        }
    }
}

impl Scoped for opportunity_interest::Entity {
    const KIND: Kind = Kind::Interest;

    fn within(actor: &Actor) -> Condition {
        use opportunity_interest::Column as C;
        match actor.role {
            Role::Province | Role::System => every(),
            Role::City | Role::School | Role::Enterprise => Condition::any()
                .add(of_owner(actor, C::SchoolCode, C::EnterpriseCode))
                .add(C::OpportunityId.in_subquery(own_opportunities(actor))),
            Role::Public | Role::Admin | Role::Auditor | Role::Agency | Role::Analyst => none(),
        }
    }
}
