//! Partnerships: found, counted, and brought forward.

use async_graphql::{Context, InputObject, MaybeUndefined, Object};

use crate::{
    domain::{
        partnerships::{self, Filter, New, Said},
        precondition::Match,
    },
    graphql::{
        self,
        error::{GqlResult, maybe, relocated},
        ids::{self, Id},
        limits::{self, SOME},
        paging::{self, Paging},
        scalars::{Day, Decimal},
        types::{
            partnership::{
                Partnership, PartnershipConnection, PartnershipDimension, PartnershipPayload, PartnershipStatistics,
            },
            words::PartnershipState,
        },
        upkeep::of_input,
    },
};

/// Which partnerships. What is left out keeps all.
#[derive(Clone, Debug, Default, InputObject)]
pub struct PartnershipFilter {
    /// Only of these kinds.
    #[graphql(validator(max_items = 1_000))]
    kind: Option<Vec<String>>,
    /// Only in these states.
    state: Option<Vec<PartnershipState>>,
    /// Only of these schools, by code.
    #[graphql(validator(max_items = 1_000))]
    school: Option<Vec<String>>,
    /// Only of these enterprises, by code.
    #[graphql(validator(max_items = 1_000))]
    enterprise: Option<Vec<String>>,
    /// Only of schools or enterprises in these cities, by code.
    #[graphql(validator(max_items = 1_000))]
    city: Option<Vec<String>>,
    /// Only of schools or enterprises that are members of this consortium, by code.
    consortium: Option<String>,
    /// Only about these majors, by their six digits.
    #[graphql(validator(max_items = 1_000))]
    major: Option<Vec<String>>,
    /// Only those with each of these words in what they are called or in a name of one of their sides; schools and
    /// enterprises are found as elsewhere.
    search: Option<String>,
}

impl From<PartnershipFilter> for Filter {
    fn from(filter: PartnershipFilter) -> Self {
        let PartnershipFilter { kind, state, school, enterprise, city, consortium, major, search } = filter;
        let state = state.map(|states| states.into_iter().map(Into::into).collect());
        Self { kind, state, school, enterprise, city, consortium, major, search }
    }
}

/// What exists between schools and enterprises.
#[derive(Default)]
pub struct PartnershipsQuery;

#[Object]
impl PartnershipsQuery {
    /// Partnerships, at most 200 a page: those of files in their order, then those that were entered as they came.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn partnerships<'a>(
        &self,
        cx: &Context<'a>,
        filter: Option<PartnershipFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GqlResult<PartnershipConnection<'a>> {
        let registry = graphql::registry(cx);
        let ask = Paging { first, after, ..Paging::default() }.ask(partnerships::read_cursor)?;
        let page = partnerships::list(graphql::ctx(cx), &filter.unwrap_or_default().into(), &ask).await?;
        Ok(page.map(|row| Partnership::read(registry, row)).into())
    }

    /// A partnership by its code, or by its opaque id.
    async fn partnership<'a>(&self, cx: &Context<'a>, id: String) -> GqlResult<Option<Partnership<'a>>> {
        let code = match ids::read(&id) {
            Some(Id::One(kind, code)) if kind == "Partnership" => code,
            _ => id,
        };
        let found = maybe(partnerships::get(graphql::ctx(cx), &code).await)?;
        Ok(found.map(|row| Partnership::read(graphql::registry(cx), row)))
    }

    /// What the partnerships that stand today, or that stood in a period, come to.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn partnership_statistics<'a>(
        &self,
        cx: &Context<'a>,
        group_by: PartnershipDimension,
        period: Option<String>,
    ) -> GqlResult<PartnershipStatistics<'a>> {
        let by = group_by.into();
        let (total, lines) = partnerships::statistics(graphql::ctx(cx), by, period.as_deref())?;
        Ok(PartnershipStatistics { registry: graphql::registry(cx), by, total, lines })
    }
}

/// A partnership to enter.
#[derive(Clone, Debug, InputObject)]
pub struct ProposePartnershipInput {
    /// The school, by code; of a school its own where nothing is said.
    school: Option<String>,
    /// The enterprise, by code; of an enterprise its own where nothing is said.
    enterprise: Option<String>,
    /// A word of the open list of kinds: `order_class`.
    kind: String,
    /// What it is called.
    name: String,
    /// In English.
    name_en: Option<String>,
    /// A major, by its six digits.
    major: Option<String>,
    /// The first day.
    starts_on: Option<Day>,
    /// The last day that is agreed.
    ends_on: Option<Day>,
    /// How many students are in it.
    students: Option<i32>,
    /// What is put into it, in yuan, with at most two decimals.
    investment: Option<Decimal>,
    /// https addresses of what shows it.
    evidence: Option<Vec<String>>,
}

/// What is to be different about a partnership; what is left out stays, `null` takes it away.
#[derive(Clone, Debug, InputObject)]
pub struct ChangePartnershipInput {
    /// The partnership, by code.
    partnership: String,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// The kind; stays once it is confirmed.
    kind: Option<String>,
    /// What it is called; stays once it is confirmed.
    name: Option<String>,
    /// In English.
    name_en: MaybeUndefined<String>,
    /// A major, by its six digits.
    major: MaybeUndefined<String>,
    /// The first day.
    starts_on: MaybeUndefined<Day>,
    /// The last day that is agreed.
    ends_on: MaybeUndefined<Day>,
    /// How many students are in it.
    students: MaybeUndefined<i32>,
    /// What is put into it, in yuan, with at most two decimals.
    investment: MaybeUndefined<Decimal>,
    /// https addresses of what shows it, all of them.
    evidence: Option<Vec<String>>,
}

/// A step on a partnership.
#[derive(Clone, Debug, InputObject)]
pub struct PartnershipStepInput {
    /// The partnership, by code.
    partnership: String,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
}

/// A refusal.
#[derive(Clone, Debug, InputObject)]
pub struct RefusePartnershipInput {
    /// The partnership, by code.
    partnership: String,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// Why; reaches the other side.
    reason: String,
}

/// An end.
#[derive(Clone, Debug, InputObject)]
pub struct EndPartnershipInput {
    /// The partnership, by code.
    partnership: String,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// The last day; today where nothing is said.
    ended_on: Option<Day>,
    /// Why; reaches the other side.
    reason: String,
}

fn seen(if_match: Option<String>) -> Option<Match> {
    if_match.as_deref().map(Match::read)
}

fn stated<T, U>(member: MaybeUndefined<T>, of: impl FnOnce(T) -> U) -> Option<Option<U>> {
    match member {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(of(value))),
    }
}

fn written(day: Day) -> String {
    day.0.to_string()
}

/// The steps of a partnership.
#[derive(Default)]
pub struct PartnershipChanges;

#[Object]
impl PartnershipChanges {
    /// Proposes a partnership to the other side; the province records one that is.
    async fn propose_partnership<'a>(
        &self,
        cx: &Context<'a>,
        input: ProposePartnershipInput,
    ) -> GqlResult<PartnershipPayload<'a>> {
        let said = Said {
            kind: Some(input.kind),
            name: Some(input.name),
            name_en: Some(input.name_en),
            major: Some(input.major),
            starts_on: Some(input.starts_on.map(written)),
            ends_on: Some(input.ends_on.map(written)),
            students: Some(input.students.map(i64::from)),
            investment: Some(input.investment.map(Decimal::digits)),
            evidence: input.evidence,
        };
        let new = New { school: input.school, enterprise: input.enterprise, said };
        let row = partnerships::propose(graphql::ctx(cx), new).await.map_err(|error| relocated(error, of_input))?;
        Ok(PartnershipPayload::new(cx, row))
    }

    /// Says yes to a partnership that the other side has proposed.
    async fn confirm_partnership<'a>(
        &self,
        cx: &Context<'a>,
        input: PartnershipStepInput,
    ) -> GqlResult<PartnershipPayload<'a>> {
        let row = partnerships::confirm(graphql::ctx(cx), &input.partnership, seen(input.if_match).as_ref()).await?;
        Ok(PartnershipPayload::new(cx, row))
    }

    /// Says no to a partnership that the other side has proposed, and why.
    async fn refuse_partnership<'a>(
        &self,
        cx: &Context<'a>,
        input: RefusePartnershipInput,
    ) -> GqlResult<PartnershipPayload<'a>> {
        let if_match = seen(input.if_match);
        let row = partnerships::refuse(graphql::ctx(cx), &input.partnership, input.reason, if_match.as_ref()).await;
        Ok(PartnershipPayload::new(cx, row.map_err(|error| relocated(error, of_input))?))
    }

    /// Takes a proposal back before it is answered.
    async fn withdraw_partnership<'a>(
        &self,
        cx: &Context<'a>,
        input: PartnershipStepInput,
    ) -> GqlResult<PartnershipPayload<'a>> {
        let row = partnerships::withdraw(graphql::ctx(cx), &input.partnership, seen(input.if_match).as_ref()).await?;
        Ok(PartnershipPayload::new(cx, row))
    }

    /// Changes what is said of a partnership.
    async fn change_partnership<'a>(
        &self,
        cx: &Context<'a>,
        input: ChangePartnershipInput,
    ) -> GqlResult<PartnershipPayload<'a>> {
        let if_match = seen(input.if_match);
        let said = Said {
            kind: input.kind,
            name: input.name,
            name_en: stated(input.name_en, |text| text),
            major: stated(input.major, |text| text),
            starts_on: stated(input.starts_on, written),
            ends_on: stated(input.ends_on, written),
            students: stated(input.students, i64::from),
            investment: stated(input.investment, Decimal::digits),
            evidence: input.evidence,
        };
        let row = partnerships::change(graphql::ctx(cx), &input.partnership, said, if_match.as_ref()).await;
        Ok(PartnershipPayload::new(cx, row.map_err(|error| relocated(error, of_input))?))
    }

    /// Ends an active partnership.
    async fn end_partnership<'a>(
        &self,
        cx: &Context<'a>,
        input: EndPartnershipInput,
    ) -> GqlResult<PartnershipPayload<'a>> {
        let (if_match, day) = (seen(input.if_match), input.ended_on.map(written));
        let row = partnerships::end(graphql::ctx(cx), &input.partnership, day, input.reason, if_match.as_ref()).await;
        Ok(PartnershipPayload::new(cx, row.map_err(|error| relocated(error, of_input))?))
    }
}
