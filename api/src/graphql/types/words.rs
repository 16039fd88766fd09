//! The closed word lists as GraphQL enums: the reference files' words in capitals.

use async_graphql::Enum;
use entity::words;

use crate::{
    authz,
    domain::{claims, cube, submissions::turns},
    formats::document,
};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $remote:literal { $($(#[$vdoc:meta])* $variant:ident),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
        #[graphql(remote = $remote)]
        #[allow(clippy::enum_variant_names, reason = "the words are those of the printed tables")]
        pub enum $name { $($(#[$vdoc])* $variant),* }
    )*};
}

words! {
    /// What is sought or offered between schools and enterprises (供求类型).
    OpportunityKind = "words::OpportunityKind" {
        /// 人才
        Talent,
        /// 合作
        Cooperation,
        /// 科研项目
        ResearchProject,
        /// 技术服务
        TechnicalService,
        /// 兼职教师
        PartTimeTeacher,
        /// 实习
        Internship,
        /// 教师实践
        TeacherPlacement,
    }
    /// Whether it is offered or sought.
    OpportunitySide = "words::OpportunitySide" {
        /// 供给
        Supply,
        /// 需求
        Demand,
    }
    /// Where an opportunity stands.
    OpportunityState = "words::OpportunityState" {
        /// It waits for the city of its owner, or for the province.
        Pending,
        /// It stands, for everybody to see.
        Published,
        /// It was refused or taken down, with a reason.
        Refused,
        /// Its last day is over.
        Expired,
        /// Its owner has said what has come of it.
        Closed,
        /// Its owner has taken it back.
        Withdrawn,
    }
    /// What has come of an opportunity.
    OpportunityOutcome = "words::OpportunityOutcome" {
        /// 已满足
        Met,
        /// 部分满足
        PartlyMet,
        /// 未满足
        Unmet,
    }
    /// Where an interest stands.
    InterestState = "words::InterestState" {
        /// The owner has not answered yet.
        Expressed,
        /// Both sides have said yes.
        Accepted,
        /// The owner has said no.
        Declined,
        /// It was taken back.
        Withdrawn,
    }
    /// The level of a school (办学层次).
    SchoolTier = "words::SchoolTier" {
        /// 职业本科
        UndergraduateVocational,
        /// 高职
        HigherVocational,
        /// 高专
        JuniorCollege,
        /// 中职
        SecondaryVocational,
    }
    /// Who runs a school (办学性质).
    Ownership = "words::Ownership" {
        /// 公办
        Public,
        /// 民办
        Private,
    }
    /// The field of a school (院校类别).
    SchoolCategory = "words::SchoolCategory" {
        /// 理工类
        ScienceEngineering,
        /// 师范类
        TeacherTraining,
        /// 政法类
        PoliticalScienceLaw,
        /// 农林类
        AgricultureForestry,
        /// 财经类
        FinanceEconomics,
        /// 医药类
        Medical,
        /// 综合类
        Comprehensive,
        /// 语文类
        Language,
    }
    /// Where the certification of an enterprise stands.
    EnterpriseCertificationState = "words::EnterpriseCertificationState" {
        /// It waits for its city, or for the province where no city is known.
        Submitted,
        /// The city is for it; it waits for the province.
        Recommended,
        /// Back with the enterprise, to be corrected.
        Returned,
        /// No.
        Refused,
        /// Certified, within the days of its validity.
        Certified,
        /// The certificate was taken away.
        Withdrawn,
    }
    /// What a certified enterprise is given.
    IncentiveKind = "words::IncentiveKind" {
        /// 金融
        Financial,
        /// 财政
        Fiscal,
        /// 土地
        Land,
        /// 信用
        Credit,
    }
    /// The level of a dual-qualified teacher.
    TeacherLevel = "words::TeacherLevel" {
        /// 初级
        Junior,
        /// 中级
        Intermediate,
        /// 高级
        Senior,
    }
    /// The schools of a teacher, as the printed tables part them.
    TeacherCategory = "words::TeacherCategory" {
        /// 职业本科
        UndergraduateVocational,
        /// 高职（专科）
        HigherVocational,
        /// 中职
        SecondaryVocational,
    }
    /// With whom the certification of a teacher lies, or what became of it.
    TeacherCertificationState = "words::TeacherCertificationState" {
        /// It waits for the city.
        City,
        /// It waits for the agency.
        Agency,
        /// It waits for the province.
        Province,
        /// Back with the school, to be corrected.
        Returned,
        /// No; there is one appeal.
        Refused,
        /// The certificate is issued.
        Certified,
        /// The certificate was taken away.
        Revoked,
    }
    /// Whose step it is on the way of a teacher's certification.
    TeacherCertificationStep = "words::TeacherCertificationStep" {
        /// The city's.
        City,
        /// The agency's.
        Agency,
        /// The province's.
        Province,
    }
    /// Whose school it is. The province's own schools are reviewed by the province directly.
    Affiliation = "words::Affiliation" {
        /// Reviewed by the city, then by the province.
        City,
        /// Reviewed by the province only.
        Province,
    }
    /// For which schools a major is.
    MajorLevel = "words::MajorLevel" {
        /// 中职
        Secondary,
        /// 高职专科
        HigherVocational,
        /// 职业本科
        UndergraduateVocational,
    }
    /// What an entry of the registry is.
    EntryKind = "words::EntryKind" {
        /// 市州
        City,
        /// 学校
        School,
        /// 企业
        Enterprise,
        /// 其他机构
        Institution,
        /// 产教联合体、共同体、职教集团、联盟
        Consortium,
        /// 联合体成员
        ConsortiumMember,
        /// 称号
        Designation,
        /// 别名
        Alias,
        /// 学校沿革
        SchoolSuccession,
        /// 专业
        Major,
        /// 专业点
        Programme,
        /// 产业链
        IndustryChain,
        /// 专业与产业链的对应
        MajorChain,
    }
    /// What kind of body a printed name stands for.
    EntityType = "words::EntityType" {
        /// 学校
        School,
        /// 企业
        Enterprise,
        /// 产教联合体、共同体、职教集团、联盟
        Consortium,
        /// 其他机构
        Institution,
    }
    /// Why two entries of the registry may be one.
    DuplicateBasis = "crate::domain::registry::duplicates::Basis" {
        /// Both have one unified social credit code.
        Uscc,
        /// Somebody has suggested it.
        Suggested,
        /// The names say the same but for what every second name has.
        SameCore,
        /// The names are alike.
        Similar,
    }
    /// By what schools are parted where protected figures are told.
    Partition = "words::Partition" {
        /// By prefecture.
        City,
        /// By who runs them.
        Ownership,
        /// By field.
        Category,
        /// By level.
        Tier,
    }
    /// What became of a school.
    SuccessionKind = "words::SuccessionKind" {
        /// 更名
        Renamed,
        /// 升格
        Upgraded,
        /// 合并
        Merged,
        /// 分立
        Split,
    }
    /// The five kinds of consortia.
    ConsortiumKind = "words::ConsortiumKind" {
        /// 市域产教联合体
        CityConsortium,
        /// 行业产教融合共同体
        IndustryCommunity,
        /// 职业教育集团
        VocationalGroup,
        /// 联盟
        Alliance,
        /// 专业集群
        Cluster,
    }
    /// How far a consortium reaches.
    ConsortiumScope = "words::ConsortiumScope" {
        /// The whole country.
        National,
        /// One province.
        Provincial,
        /// Several cities or provinces.
        Regional,
        /// One city.
        City,
    }
    /// A member's part in a consortium.
    MemberRole = "words::MemberRole" {
        /// 牵头单位
        Lead,
        /// 共同牵头单位
        CoLead,
        /// 副理事长单位
        ViceChair,
        /// 成员单位
        Member,
    }
    /// Where a partnership stands.
    PartnershipState = "words::PartnershipState" {
        /// 待对方确认
        Proposed,
        /// 进行中
        Active,
        /// 已结束
        Ended,
        /// 对方未接受
        Refused,
        /// 提出方已撤回
        Withdrawn,
    }
    /// Who entered a partnership.
    PartnershipSide = "words::PartnershipSide" {
        /// 学校
        School,
        /// 企业
        Enterprise,
        /// 省级
        Province,
    }
    /// Where an application to join a consortium stands.
    ApplicationState = "words::ApplicationState" {
        /// 待答复
        Pending,
        /// 已接纳
        Accepted,
        /// 未接纳
        Refused,
        /// 申请方已撤回
        Withdrawn,
    }
    /// What a period of a table is.
    PeriodKind = "words::PeriodKind" {
        /// 自然年, as in `2023`.
        CalendarYear,
        /// 学年, as in `2022-2023`.
        SchoolYear,
    }
    /// How the figures of schools become one figure.
    Aggregation = "words::Aggregation" {
        /// They are added up.
        Sum,
        /// The mean over schools.
        Mean,
        /// The median over schools.
        Median,
        /// The mean weighted by another indicator, over the schools that have both.
        WeightedMean,
    }
    /// Which side of a standard is the good one.
    Better = "words::Better" {
        /// The more, the better.
        Higher,
        /// The less, the better.
        Lower,
    }
    /// Who may see the figure of one school.
    Disclosure = "words::Disclosure" {
        /// Everybody.
        Public,
        /// The school itself and its officials; others see aggregates under disclosure control.
        Aggregate,
        /// Officials only.
        Internal,
    }
    /// What part of a school's reporting a caller has.
    Duty = "words::Duty" {
        /// 填报与审签: both.
        All,
        /// 填报: states tables, and does not submit them.
        Fill,
        /// 审签: submits and recalls tables, and does not state them.
        Sign,
    }
    /// Where a submission stands.
    SubmissionState = "words::SubmissionState" {
        /// 草稿: the school's own; nobody else sees the values.
        Draft,
        /// 已提交: before the first reviewer.
        Submitted,
        /// 已审核: the city has approved it, the province is next.
        Approved,
        /// 已采纳: the province has accepted it.
        Accepted,
        /// 已退回: back at the school, with a reason.
        Returned,
    }
    /// How much a finding weighs.
    Severity = "words::Severity" {
        /// Blocks the submit.
        Error,
        /// Needs a justification at the submit.
        Warning,
        /// Only tells.
        Info,
    }
    /// A side of the review.
    ReviewSide = "turns::Side" {
        /// The school that reports.
        School,
        /// The city that reviews first.
        City,
        /// The province that reviews last, or alone.
        Province,
    }
    /// By which door a revision came in.
    RevisionSource = "words::Source" {
        /// By REST.
        Rest,
        /// By GraphQL.
        Graphql,
        /// With others: a batch, or data that was loaded.
        Bulk,
    }
    /// What a release changes, by semantic versioning.
    ReleaseKind = "words::ReleaseKind" {
        /// A definition changed.
        Major,
        /// New data.
        Minor,
        /// Corrections.
        Patch,
    }
    /// What a figure says. Zero, not applicable, missing and suppressed are four different things.
    ObservationStatus = "document::Status" {
        /// A stated value.
        Reported,
        /// The indicator has no meaning here.
        NotApplicable,
        /// There ought to be a value, and there is none.
        Missing,
        /// There is a value, and it is not for this caller.
        Suppressed,
        /// A stated estimate.
        Estimated,
    }
    /// By what schools are grouped.
    Dimension = "cube::Dimension" {
        /// By prefecture (市州).
        City,
        /// By who runs them.
        Ownership,
        /// By field.
        Category,
        /// By level.
        Tier,
        /// By consortium; a school counts in each of its own.
        Consortium,
    }
    /// The role of a caller with a token.
    Role = "words::Role" {
        /// People, clients, keys, configuration.
        Admin,
        /// Reads and verifies the journal.
        Auditor,
        /// The province.
        Province,
        /// A prefecture.
        City,
        /// A school.
        School,
        /// An agency that evaluates certifications.
        Agency,
        /// An enterprise.
        Enterprise,
        /// Published releases only.
        Analyst,
    }
    /// Why two printed figures contradict each other.
    ExplanationCause = "words::ExplanationCause" {
        /// They count something else.
        Definition,
        /// They count other schools or people.
        Scope,
        /// They are of other days.
        Period,
        /// An earlier word is taken back.
        Withdrawn,
    }
    /// What is said of a printed figure.
    ClaimVerdict = "claims::Verdict" {
        /// It does not go together with another claim.
        Contradicts,
        /// The data say something else.
        Differs,
        /// The data say the same, as far as it is printed.
        Holds,
        /// Nothing to hold it against, for this caller.
        NoData,
    }
}

impl Role {
    /// The role of a caller; nothing for one without a token.
    pub const fn of(role: authz::Role) -> Option<Self> {
        Some(match role {
            authz::Role::Public | authz::Role::System => return None,
            authz::Role::Admin => Self::Admin,
            authz::Role::Auditor => Self::Auditor,
            authz::Role::Province => Self::Province,
            authz::Role::City => Self::City,
            authz::Role::School => Self::School,
            authz::Role::Agency => Self::Agency,
            authz::Role::Enterprise => Self::Enterprise,
            authz::Role::Analyst => Self::Analyst,
        })
    }
}

/// What became of a cell from one revision to another.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellChange {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// Its value, its status or its note is another.
    Changed,
}

#[cfg(test)]
mod tests {
    use async_graphql::resolver_utils::EnumType;

    use super::*;

    macro_rules! same {
        ($($name:ident),*) => {$(
            let words: Vec<String> = words::$name::ALL.iter().map(|one| one.word().to_uppercase()).collect();
            let items: Vec<&str> = $name::items().iter().map(|item| item.name).collect();
            assert_eq!(items, words, stringify!($name));
        )*};
    }

    #[test]
    fn every_enum_value_is_a_reference_word_in_capitals() {
        same!(
            SchoolTier,
            Ownership,
            SchoolCategory,
            Affiliation,
            SuccessionKind,
            ConsortiumKind,
            ConsortiumScope,
            MemberRole,
            PartnershipState,
            PartnershipSide,
            ApplicationState,
            Partition,
            PeriodKind,
            Aggregation,
            Better,
            Disclosure,
            Duty,
            SubmissionState,
            Severity,
            ExplanationCause,
            ReleaseKind,
            Role,
            EnterpriseCertificationState,
            IncentiveKind,
            TeacherLevel,
            TeacherCategory,
            TeacherCertificationState,
            TeacherCertificationStep
        );
    }
}
