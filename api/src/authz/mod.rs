//! May you: one pure table. REST, GraphQL, files and commands all ask it.
//!
//! Nothing here queries, and nothing here knows a connection, a clock or a
//! configuration. What a role may not read does not exist for it (404); what it
//! may read but not do is refused with a hint (403).

mod actor;
mod events;
mod scope;

use entity::words::{self, Duty};

pub use actor::Actor;
pub use events::{Audience, EXPIRING, NOUNS, party, told};
pub use scope::{Scoped, Whole, change, remove, sees_release, visible, whole};

use crate::error::Text;

/// Who asks, as far as the table is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Nobody in particular: no token.
    Public,
    /// The service itself: jobs and commands, each under its own name.
    System,
    /// People, clients, keys, configuration. No statistical data.
    Admin,
    /// Reads and verifies the journal. Nothing else.
    Auditor,
    /// The province: everything about data.
    Province,
    /// A prefecture: reviews its own schools.
    City,
    /// A school: reports its own figures.
    School,
    /// An agency that evaluates certifications.
    Agency,
    /// An enterprise.
    Enterprise,
    /// Published releases only.
    Analyst,
}

impl Role {
    /// Every role, in the order of the matrix.
    pub const ALL: &'static [Self] = &[
        Self::Public,
        Self::System,
        Self::Admin,
        Self::Auditor,
        Self::Province,
        Self::City,
        Self::School,
        Self::Agency,
        Self::Enterprise,
        Self::Analyst,
    ];

    /// The contract's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "PUBLIC",
            Self::System => "SYSTEM",
            Self::Admin => "ADMIN",
            Self::Auditor => "AUDITOR",
            Self::Province => "PROVINCE",
            Self::City => "CITY",
            Self::School => "SCHOOL",
            Self::Agency => "AGENCY",
            Self::Enterprise => "ENTERPRISE",
            Self::Analyst => "ANALYST",
        }
    }
}

impl From<words::Role> for Role {
    fn from(role: words::Role) -> Self {
        match role {
            words::Role::Admin => Self::Admin,
            words::Role::Auditor => Self::Auditor,
            words::Role::Province => Self::Province,
            words::Role::City => Self::City,
            words::Role::School => Self::School,
            words::Role::Agency => Self::Agency,
            words::Role::Enterprise => Self::Enterprise,
            words::Role::Analyst => Self::Analyst,
        }
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// See that it is there, and what it says.
    Read,
    /// State a table, whole or in part.
    Push,
    /// Put a table before the reviewer.
    Submit,
    /// First review: the city says yes.
    Approve,
    /// Either review: no, with a reason.
    Return,
    /// Second review: the province says yes.
    Accept,
    /// Open an accepted table again.
    Reopen,
    /// Make a new one.
    Create,
    /// Change or disable one.
    Change,
}

impl Action {
    /// Every action, in the order of the matrix.
    pub const ALL: &'static [Self] = &[
        Self::Read,
        Self::Push,
        Self::Submit,
        Self::Approve,
        Self::Return,
        Self::Accept,
        Self::Reopen,
        Self::Create,
        Self::Change,
    ];
}

/// To what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Cities, schools, enterprises, consortia, partnerships, titles.
    Registry,
    /// What is said of an enterprise.
    Enterprise,
    /// That a school teaches a major.
    Programme,
    /// Datasets, indicators, rules, periods.
    Catalogue,
    /// A school's table and everything that hangs on it.
    Submission,
    /// The days within which a table is reported, and who was given longer.
    Collection,
    /// Many tables in one file, and what became of them.
    Batch,
    /// Aggregates over tables that are not published yet.
    LiveFigure,
    /// A published version.
    Release,
    /// A printed figure.
    Claim,
    /// What printed figures were held against, and what came of it.
    Reconciliation,
    /// A person.
    Account,
    /// A service account.
    Client,
    /// A signing key.
    SigningKey,
    /// A sign-in, its refresh tokens, and what was revoked.
    Grant,
    /// The journal.
    Journal,
    /// Who has read what is not published.
    Access,
    /// An answer that was given under an `Idempotency-Key`.
    Idempotency,
    /// What the feed tells of the journal.
    Event,
    /// Where an organisation wants to hear of events.
    Webhook,
    /// What exists, or is proposed, between a school and an enterprise.
    Partnership,
    /// Who wants to join a consortium; a membership to end.
    ConsortiumApplication,
    /// What a consortium has done.
    ConsortiumActivity,
    /// A task: who is to do what by when.
    Task,
    /// How far a task is, what was said of it, and the yearly evaluation.
    Progress,
    /// What somebody has promised in figures.
    Target,
    /// When enterprises apply for certification, which agency evaluates which teachers, and what was counted before.
    CertificationPlan,
    /// An enterprise's application for certification, and what became of it.
    EnterpriseCertification,
    /// What a certified enterprise was given.
    Incentive,
    /// A teacher's application for certification, on its way through the levels.
    TeacherCertification,
    /// A teacher's certificate, as whoever has its code may see it.
    Certificate,
    /// What a school or an enterprise seeks or offers.
    Opportunity,
    /// What was sought and offered in a year, as it was published.
    Bulletin,
    /// A supply and a demand that meet.
    Match,
    /// An interest in an opportunity, and the contact behind it.
    Interest,
    /// An address nothing is at.
    Route,
}

impl Kind {
    /// Every kind, in the order of the matrix.
    pub const ALL: &'static [Self] = &[
        Self::Registry,
        Self::Enterprise,
        Self::Programme,
        Self::Catalogue,
        Self::Submission,
        Self::Collection,
        Self::Batch,
        Self::LiveFigure,
        Self::Release,
        Self::Claim,
        Self::Reconciliation,
        Self::Account,
        Self::Client,
        Self::SigningKey,
        Self::Grant,
        Self::Journal,
        Self::Access,
        Self::Idempotency,
        Self::Event,
        Self::Webhook,
        Self::Partnership,
        Self::ConsortiumApplication,
        Self::ConsortiumActivity,
        Self::Task,
        Self::Progress,
        Self::Target,
        Self::CertificationPlan,
        Self::EnterpriseCertification,
        Self::Incentive,
        Self::TeacherCertification,
        Self::Certificate,
        Self::Opportunity,
        Self::Bulletin,
        Self::Match,
        Self::Interest,
        Self::Route,
    ];

    /// For a sentence in Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Registry => "机构",
            Self::Enterprise => "企业",
            Self::Programme => "专业点",
            Self::Catalogue => "报表、指标、规则或统计期",
            Self::Submission => "填报",
            Self::Collection => "采集任务",
            Self::Batch => "批次",
            Self::LiveFigure => "未发布数据",
            Self::Release => "发布版本",
            Self::Claim => "公布数",
            Self::Reconciliation => "核对结果",
            Self::Account => "账号",
            Self::Client => "客户端",
            Self::SigningKey => "签名密钥",
            Self::Grant => "登录或令牌",
            Self::Journal => "日志",
            Self::Access => "数据访问记录",
            Self::Idempotency => "幂等记录",
            Self::Event => "变更事件",
            Self::Webhook => "webhook 或其消息",
            Self::Partnership => "校企合作",
            Self::ConsortiumApplication => "联合体加入申请",
            Self::ConsortiumActivity => "联合体活动",
            Self::Task => "任务",
            Self::Progress => "任务进展或年度考核",
            Self::Target => "目标值",
            Self::CertificationPlan => "认定批次或评估机构",
            Self::EnterpriseCertification => "企业认定申请",
            Self::Incentive => "激励记录",
            Self::TeacherCertification => "教师认定申请",
            Self::Certificate => "证书",
            Self::Opportunity => "供求信息",
            Self::Bulletin => "年度供需公报",
            Self::Match => "匹配结果",
            Self::Interest => "对接意向",
            Self::Route => "地址",
        }
    }

    /// For a sentence in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Registry => "organisation",
            Self::Enterprise => "enterprise",
            Self::Programme => "programme",
            Self::Catalogue => "dataset, indicator, rule or period",
            Self::Submission => "submission",
            Self::Collection => "collection",
            Self::Batch => "batch",
            Self::LiveFigure => "unpublished figure",
            Self::Release => "release",
            Self::Claim => "claim",
            Self::Reconciliation => "reconciliation",
            Self::Account => "account",
            Self::Client => "client",
            Self::SigningKey => "signing key",
            Self::Grant => "sign-in or token",
            Self::Journal => "journal",
            Self::Access => "record of access",
            Self::Idempotency => "idempotency record",
            Self::Event => "event",
            Self::Webhook => "webhook or message",
            Self::Partnership => "partnership",
            Self::ConsortiumApplication => "application to a consortium",
            Self::ConsortiumActivity => "activity of a consortium",
            Self::Task => "task",
            Self::Progress => "task's progress or evaluation",
            Self::Target => "target",
            Self::CertificationPlan => "batch or agency of a certification",
            Self::EnterpriseCertification => "certification of an enterprise",
            Self::Incentive => "incentive",
            Self::TeacherCertification => "certification of a teacher",
            Self::Certificate => "certificate",
            Self::Opportunity => "opportunity",
            Self::Bulletin => "bulletin",
            Self::Match => "match",
            Self::Interest => "interest",
            Self::Route => "address",
        }
    }
}

/// The table: deny by default, and a person can read it aloud.
pub const fn allows(role: Role, action: Action, kind: Kind) -> bool {
    use {Action as A, Kind as K, Role as R};
    match (role, kind, action) {
        // What is public is public for everybody.
        (_, K::Registry | K::Catalogue | K::Claim | K::Release, A::Read) => true,
        // Of tasks what is printed is; the scope says of which.
        (_, K::Task | K::Target, A::Read) => true,
        (R::Province | R::City, K::Task | K::Target, A::Create | A::Change) => true,
        // Who is to do it says how far it is (push); the level above judges (accept) and evaluates (create).
        (R::Province | R::City | R::School, K::Progress, A::Read) => true,
        (R::City | R::School, K::Progress, A::Push) => true,
        (R::Province | R::City, K::Progress, A::Accept | A::Create) => true,
        (R::System, K::Task | K::Target, A::Create | A::Change) => true,
        (R::System, K::Progress, A::Read) => true,

        // The registry is the province's to keep. A city keeps the enterprises of its own city, an enterprise some
        // words about itself, a school what it teaches; whose is whose says `Actor::maintains_…`.
        (_, K::Enterprise | K::Programme, A::Read) => true,
        (R::Province, K::Registry | K::Enterprise | K::Programme, A::Create | A::Change) => true,
        (R::City, K::Enterprise, A::Create | A::Change) => true,
        (R::Enterprise, K::Enterprise, A::Change) => true,
        (R::School, K::Programme, A::Create | A::Change) => true,

        (R::School, K::Submission, A::Read | A::Push | A::Submit) => true,
        (R::City, K::Submission, A::Read | A::Approve | A::Return) => true,
        (R::Province, K::Submission, A::Read | A::Return | A::Accept | A::Reopen) => true,

        // Who reports and who reviews knows the days.
        (R::Province | R::City | R::School, K::Collection, A::Read) => true,
        (R::Province, K::Collection, A::Create | A::Change) => true,

        // A batch states tables: a school its own, the province any.
        (R::School | R::Province, K::Batch, A::Read | A::Create) => true,
        (R::System, K::Batch, A::Read | A::Change) => true,

        (R::Province | R::City, K::LiveFigure, A::Read) => true,
        (R::Province, K::Release, A::Create) => true,
        (R::Province, K::Catalogue, A::Create | A::Change) => true,

        // Why two printed figures contradict each other is for the province to say.
        (R::Province, K::Claim, A::Change) => true,
        (R::Province | R::City, K::Reconciliation, A::Read | A::Create) => true,

        (R::Admin, K::Account | K::Client, A::Read | A::Create | A::Change) => true,
        (R::Admin, K::SigningKey, A::Read | A::Create) => true,
        (R::Auditor, K::Journal | K::Access, A::Read) => true,
        // A school may know who has read its tables.
        (R::School, K::Access, A::Read) => true,
        (R::System, K::Access, A::Read | A::Create | A::Change) => true,

        // Whoever has a token may name a request, and gets its own answer again; the service throws old ones away.
        (R::Public, K::Idempotency, _) => false,
        (_, K::Idempotency, A::Read | A::Create) => true,
        // Who has a token has a feed; what is in it the scope says.
        (R::Public, K::Event, _) => false,
        (_, K::Event, A::Read) => true,

        (R::Province | R::City | R::School | R::Enterprise, K::Webhook, A::Read | A::Create | A::Change) => true,
        (R::System, K::Webhook, A::Read | A::Change) => true,

        // Of partnerships everybody sees what stands; which of its sides may take a step the verb says.
        (_, K::Partnership | K::ConsortiumActivity, A::Read) => true,
        (R::School | R::Enterprise, K::Partnership, A::Create | A::Approve | A::Change) => true,
        (R::Province, K::Partnership, A::Create | A::Change) => true,
        // A consortium's leads are schools and enterprises; the province acts where none of them is here.
        (R::School | R::Enterprise, K::ConsortiumApplication, A::Read | A::Create | A::Approve | A::Change) => true,
        (R::Province, K::ConsortiumApplication, A::Read | A::Approve) => true,
        (R::School | R::Enterprise | R::Province, K::ConsortiumActivity, A::Create | A::Change) => true,
        // Who is certified is public, and so is by whom; what an application says is its own.
        (_, K::CertificationPlan | K::EnterpriseCertification | K::Certificate, A::Read) => true,
        (R::Province | R::System, K::CertificationPlan, A::Create | A::Change) => true,
        (R::Enterprise, K::EnterpriseCertification, A::Create | A::Change) => true,
        (R::City, K::EnterpriseCertification, A::Approve | A::Return) => true,
        (R::Province, K::EnterpriseCertification, A::Accept | A::Return | A::Reopen) => true,
        (R::System, K::EnterpriseCertification, A::Create) => true,
        (R::Province | R::City | R::Enterprise, K::Incentive, A::Read) => true,
        (R::Province | R::City, K::Incentive, A::Create | A::Change) => true,
        (R::School, K::TeacherCertification, A::Read | A::Create | A::Change | A::Submit) => true,
        (R::City | R::Agency, K::TeacherCertification, A::Read | A::Approve | A::Return) => true,
        (R::Province, K::TeacherCertification, A::Read | A::Accept | A::Return | A::Reopen) => true,
        (R::System, K::TeacherCertification, A::Read) => true,
        // What is published is everybody's; the rest the scope says. A city reviews the first of an enterprise.
        (_, K::Opportunity, A::Read) => true,
        (R::School | R::Enterprise, K::Opportunity, A::Create | A::Change) => true,
        (R::City | R::Province, K::Opportunity, A::Approve | A::Return) => true,
        (R::System, K::Opportunity, A::Change) => true,
        (_, K::Bulletin, A::Read) => true,
        (R::Province, K::Bulletin, A::Create) => true,
        (R::School | R::Enterprise | R::City | R::Province | R::System, K::Match, A::Read) => true,
        (R::School | R::Enterprise | R::City | R::Province, K::Interest, A::Read) => true,
        (R::School | R::Enterprise, K::Interest, A::Create | A::Change) => true,

        // The service itself loads the registry, signs, seals and checks who is who.
        (R::System, K::Registry | K::Enterprise | K::Programme | K::Catalogue | K::Claim, A::Create | A::Change) => {
            true
        }
        (R::System, K::Account | K::Client, A::Read | A::Create | A::Change) => true,
        (R::System, K::SigningKey, A::Read | A::Create | A::Change) => true,
        // Who holds a token shows it; the door alone looks it up.
        (R::System, K::Grant, A::Read | A::Create | A::Change) => true,
        (R::System, K::Journal, A::Read | A::Create) => true,
        (R::System, K::Submission, A::Read) => true,
        // The bulk path: what nobody reviews one by one, such as synthetic data.
        (R::System, K::Submission, A::Create) => true,
        _ => false,
    }
}

/// Whether a duty includes an action: who fills in does not sign off, and who signs off does not fill in.
pub const fn includes(duty: Duty, action: Action, kind: Kind) -> bool {
    match (duty, action, kind) {
        (Duty::Fill, Action::Submit, Kind::Submission)
        | (Duty::Sign, Action::Push, Kind::Submission)
        | (Duty::Sign, Action::Create, Kind::Batch) => false,
        (Duty::All | Duty::Fill | Duty::Sign, _, _) => true,
    }
}

/// Who of the same organisation could, for the sentence of a refusal.
pub fn hint_of_duty(duty: Duty) -> Text {
    match duty {
        Duty::Sign => Text::new(
            "此账号只负责审签，填报须由本校负责填报（fill）的账号完成",
            "This account signs off; what is filled in comes from an account of the school with the duty `fill`",
        ),
        Duty::All | Duty::Fill => Text::new(
            "此账号只负责填报，提交须由本校负责审签（sign）的账号完成",
            "This account fills in; to submit or recall takes an account of the school with the duty `sign`",
        ),
    }
}

/// Which role could, for the sentence of a refusal.
pub fn hint(action: Action, kind: Kind) -> Text {
    let able: Vec<&str> = Role::ALL
        .iter()
        .filter(|role| !matches!(role, Role::System) && allows(**role, action, kind))
        .map(|role| role.name())
        .collect();
    if able.is_empty() {
        return Text::new("任何角色均不可执行此操作", "No role can do this");
    }
    Text::new(format!("此操作需要角色 {}", able.join("、")), format!("This needs the role {}", able.join(" or ")))
}

/// Whether a reviewer may see the values of a table that it knows of, or only where it stands.
///
/// A draft is the school's own. The city sees values once they are submitted; the province once
/// the city has approved them, or at once where no city reviews.
pub const fn sees_values(role: Role, state: words::SubmissionState, affiliation: words::Affiliation) -> bool {
    use words::{Affiliation as By, SubmissionState as S};
    match role {
        Role::School | Role::System => true,
        Role::City => matches!(state, S::Submitted | S::Approved | S::Accepted),
        Role::Province => {
            matches!(state, S::Approved | S::Accepted)
                || (matches!(state, S::Submitted) && matches!(affiliation, By::Province))
        }
        Role::Public | Role::Admin | Role::Auditor | Role::Agency | Role::Enterprise | Role::Analyst => false,
    }
}

/// Whether a caller may see what a revision says, by how far it was ever brought: the same rule. What a
/// reviewer had before it, it may look up again while the school corrects it.
pub const fn sees_revision(role: Role, reached: words::SubmissionState, affiliation: words::Affiliation) -> bool {
    sees_values(role, reached, affiliation)
}
