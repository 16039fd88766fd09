//! One error for the whole house, and one table row per code.
//!
//! `rest::problem` and `graphql::error` are two small translations of it.
//! Our own faults say nothing outside but their title; what happened goes to the
//! log once, at the border, with the request id.

mod database;

use entity::{ids::IndicatorCode, words::Severity};
use sea_orm::DbErr;

use crate::{authz::Kind, request_id};

/// The result of everything that can fail for a caller.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The language an answer is given in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Chinese, the default.
    #[default]
    Chinese,
    /// English, where the caller prefers it.
    English,
}

/// A sentence for people, in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Text {
    /// Both languages of one sentence.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// The sentence in one language.
    pub fn in_(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.zh,
            Language::English => &self.en,
        }
    }
}

/// Something that is wrong with what was sent: what, where, expected, got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it blocks, needs a justification, or only tells.
    pub severity: Severity,
    /// Stable name of the rule, for programs and for justifications.
    pub code: String,
    /// The indicator it is about, if it is about one.
    pub indicator: Option<IndicatorCode>,
    /// JSON pointer into the document that was sent.
    pub pointer: String,
    /// What is wrong and what to do.
    pub message: Text,
    /// What would have been right.
    pub expected: Option<String>,
    /// What was sent.
    pub got: Option<String>,
    /// The same cell in the period before.
    pub previous: Option<String>,
}

impl Finding {
    /// A finding that blocks.
    pub fn error(code: impl Into<String>, pointer: impl Into<String>, message: Text) -> Self {
        Self {
            severity: Severity::Error,
            code: code.into(),
            indicator: None,
            pointer: pointer.into(),
            message,
            expected: None,
            got: None,
            previous: None,
        }
    }

    /// The same finding with what would have been right and what was sent.
    #[must_use]
    pub fn with(mut self, expected: impl Into<String>, got: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self.got = Some(got.into());
        self
    }
}

/// The most findings of one answer. A table has a hundred lines: what has a thousand faults is no table, and a body
/// of nothing but faults is not to be answered with twenty times its size.
pub const MOST_FINDINGS: usize = 1_000;

/// What a client program can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The request could not be read.
    Malformed,
    /// The query asks for more than one request may.
    TooCostly,
    /// No token where one is needed, or a token that is not good.
    Unauthenticated,
    /// The password was right; a code of the second factor is needed, too.
    SecondFactorRequired,
    /// Seen, but not this caller's to do.
    Forbidden,
    /// The password is known to somebody else and must be changed first.
    PasswordChangeRequired,
    /// The role asks for a second factor, and there is none yet.
    EnrolmentRequired,
    /// A change with a cookie that another site may have had sent.
    Csrf,
    /// Not there, for this caller.
    NotFound,
    /// The resource does not know this method.
    MethodNotAllowed,
    /// None of the media types asked for can be made.
    NotAcceptable,
    /// The state does not allow it.
    Conflict,
    /// `If-Match` names another state than the present one.
    PreconditionFailed,
    /// The request came too slowly.
    TooSlow,
    /// The body is over its limit.
    TooLarge,
    /// The address is over its limit.
    AddressTooLong,
    /// The body is of a kind that is not read here.
    UnsupportedMediaType,
    /// The part of a file that is asked for is not there.
    NoSuchPart,
    /// Read, but not acceptable: the findings say why.
    Invalid,
    /// An overwrite needs `If-Match`.
    PreconditionRequired,
    /// More in a short time than a caller may ask for.
    RateLimited,
    /// The head of the request is over its limits.
    HeadTooLarge,
    /// Too many have guessed in vain.
    LockedOut,
    /// Our own fault.
    Internal,
    /// A part of a standard that is not offered here.
    NotImplemented,
    /// Not now: starting, stopping, or cut off from the database.
    Unavailable,
}

/// The public face of a code.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// `extensions.code` in GraphQL.
    pub name: &'static str,
    /// The last part of the problem `type`.
    pub kind: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Title in Chinese.
    pub zh: &'static str,
    /// Title in English.
    pub en: &'static str,
}

const fn row(name: &'static str, kind: &'static str, status: u16, zh: &'static str, en: &'static str) -> Row {
    Row { name, kind, status, zh, en }
}

impl Code {
    /// Every code, in the order of its status.
    pub const ALL: &'static [Self] = &[
        Self::Malformed,
        Self::TooCostly,
        Self::Unauthenticated,
        Self::SecondFactorRequired,
        Self::Forbidden,
        Self::PasswordChangeRequired,
        Self::EnrolmentRequired,
        Self::Csrf,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::TooSlow,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::TooLarge,
        Self::AddressTooLong,
        Self::UnsupportedMediaType,
        Self::NoSuchPart,
        Self::Invalid,
        Self::PreconditionRequired,
        Self::RateLimited,
        Self::HeadTooLarge,
        Self::LockedOut,
        Self::Internal,
        Self::NotImplemented,
        Self::Unavailable,
    ];

    /// The code's row in the one table.
    pub const fn row(self) -> Row {
        match self {
            Self::Malformed => row("MALFORMED", "malformed", 400, "请求无法读取", "The request could not be read"),
            Self::TooCostly => row("TOO_COSTLY", "too-costly", 400, "查询超出限额", "The query exceeds a limit"),
            Self::Unauthenticated => {
                row("UNAUTHENTICATED", "unauthenticated", 401, "需要有效的访问令牌", "A valid access token is needed")
            }
            Self::SecondFactorRequired => row(
                "SECOND_FACTOR_REQUIRED",
                "second-factor-required",
                401,
                "需要第二因素验证码",
                "A code of the second factor is needed",
            ),
            Self::Forbidden => row("FORBIDDEN", "forbidden", 403, "没有权限", "Not allowed"),
            Self::PasswordChangeRequired => row(
                "PASSWORD_CHANGE_REQUIRED",
                "password-change-required",
                403,
                "须先修改密码",
                "The password must be changed first",
            ),
            Self::EnrolmentRequired => row(
                "SECOND_FACTOR_ENROLMENT_REQUIRED",
                "second-factor-enrolment-required",
                403,
                "须先登记第二因素",
                "A second factor must be enrolled first",
            ),
            Self::Csrf => row("CSRF", "csrf", 403, "请求可能来自其他网站", "The request may come from another site"),
            Self::NotFound => row("NOT_FOUND", "not-found", 404, "不存在", "Not found"),
            Self::MethodNotAllowed => {
                row("METHOD_NOT_ALLOWED", "method-not-allowed", 405, "不支持该方法", "Method not allowed")
            }
            Self::NotAcceptable => row(
                "NOT_ACCEPTABLE",
                "not-acceptable",
                406,
                "无法提供所要求的格式",
                "None of the accepted formats can be made",
            ),
            Self::Conflict => {
                row("CONFLICT", "conflict", 409, "当前状态不允许此操作", "The present state does not allow it")
            }
            Self::PreconditionFailed => {
                row("PRECONDITION_FAILED", "precondition-failed", 412, "数据已被更改", "Changed in the meantime")
            }
            Self::TooSlow => row("TOO_SLOW", "too-slow", 408, "请求传输过慢", "The request came too slowly"),
            Self::TooLarge => row("TOO_LARGE", "too-large", 413, "请求内容过大", "The request is too large"),
            Self::AddressTooLong => {
                row("ADDRESS_TOO_LONG", "address-too-long", 414, "地址过长", "The address is too long")
            }
            Self::UnsupportedMediaType => row(
                "UNSUPPORTED_MEDIA_TYPE",
                "unsupported-media-type",
                415,
                "不支持的内容格式",
                "Unsupported media type",
            ),
            Self::NoSuchPart => {
                row("NO_SUCH_PART", "no-such-part", 416, "文件没有所要求的部分", "The file has no such part")
            }
            Self::Invalid => row("INVALID", "invalid", 422, "数据未通过检查", "The data did not pass the checks"),
            Self::PreconditionRequired => {
                row("PRECONDITION_REQUIRED", "precondition-required", 428, "需要 If-Match", "If-Match is needed")
            }
            Self::RateLimited => row("RATE_LIMITED", "rate-limited", 429, "请求过于频繁", "Too many requests"),
            Self::HeadTooLarge => {
                row("HEAD_TOO_LARGE", "head-too-large", 431, "请求头过大", "The head of the request is too large")
            }
            Self::LockedOut => row("LOCKED_OUT", "locked-out", 429, "尝试次数过多", "Too many attempts"),
            Self::Internal => row("INTERNAL", "internal", 500, "服务内部错误", "Internal error"),
            Self::NotImplemented => row("NOT_IMPLEMENTED", "not-implemented", 501, "不提供此功能", "Not offered here"),
            Self::Unavailable => row("UNAVAILABLE", "unavailable", 503, "服务暂不可用", "Temporarily unavailable"),
        }
    }
}

/// Everything that can go wrong for a caller.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request could not be read; the text says where.
    #[error("malformed: {}", .0.en)]
    Malformed(Text),
    /// A bound of the query language was passed; the text says which and by how much.
    #[error("too costly: {}", .0.en)]
    TooCostly(Text),
    /// No token, or one that is not good; the text says which.
    #[error("unauthenticated: {}", .0.en)]
    Unauthenticated(Text),
    /// The password was right; the text says what is to be sent with it.
    #[error("second factor required: {}", .0.en)]
    SecondFactorRequired(Text),
    /// The first password, or one that was reset, opens nothing.
    #[error("password change required")]
    PasswordChangeRequired,
    /// The role asks for a second factor.
    #[error("second factor enrolment required")]
    EnrolmentRequired,
    /// What a change by cookie lacks; the text says which.
    #[error("csrf: {}", .0.en)]
    Csrf(Text),
    /// Too many attempts under this name or from this address; the same for names that nobody has.
    #[error("locked out for {seconds} s")]
    LockedOut {
        /// When to try again, in seconds.
        seconds: u64,
    },
    /// The caller may see it but not do it; the text hints at the role that could.
    #[error("forbidden: {}", .0.en)]
    Forbidden(Text),
    /// Not there, or not for this caller: the same answer for both.
    #[error("no such {0:?}")]
    NotFound(Kind),
    /// The route exists, the method does not.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// No such format.
    #[error("not acceptable: {}", .0.en)]
    NotAcceptable(Text),
    /// The state does not allow it.
    #[error("conflict: {}", .0.en)]
    Conflict(Text),
    /// `If-Match` names another state; `current` is the present ETag.
    #[error("precondition failed")]
    PreconditionFailed {
        /// The ETag that would have matched, if there is something to match.
        current: Option<String>,
    },
    /// An overwrite without `If-Match`.
    #[error("precondition required")]
    PreconditionRequired {
        /// The ETag of what would be overwritten.
        current: String,
    },
    /// The body is over its limit.
    #[error("body over {limit_bytes} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit_bytes: usize,
    },
    /// The address is over its limit.
    #[error("address over {limit_bytes} bytes")]
    AddressTooLong {
        /// The limit in bytes.
        limit_bytes: usize,
    },
    /// The head of the request is over a limit; the text says which.
    #[error("head too large: {}", .0.en)]
    HeadTooLarge(Text),
    /// The body came too slowly.
    #[error("body too slow")]
    TooSlow {
        /// What it must bring on average, in bytes a second.
        bytes_per_second: u64,
    },
    /// A budget is spent.
    #[error("rate limited: {}", .budget.1)]
    RateLimited {
        /// Its name, in Chinese and in English.
        budget: (&'static str, &'static str),
        /// Seconds until what was asked for is there.
        retry_after: u64,
    },
    /// The body is of another kind than the route reads.
    #[error("unsupported media type: {}", .0.en)]
    UnsupportedMediaType(Text),
    /// The part of a file that is asked for is not there.
    #[error("no such part")]
    NoSuchPart {
        /// The length of the file in bytes.
        length: u64,
    },
    /// A part of a standard that is not offered here; the text says what is.
    #[error("not implemented: {}", .0.en)]
    NotImplemented(Text),
    /// All findings, not the first.
    #[error("invalid: {} findings", .0.len())]
    Invalid(Vec<Finding>),
    /// Not now.
    #[error("unavailable: {0}")]
    Unavailable(&'static str),
    /// Others were writing the same rows, and the database has let them go first: nothing of this counts.
    #[error("contended: {0}")]
    Contended(#[source] DbErr),
    /// The database said no.
    #[error("database")]
    Db(#[source] DbErr),
    /// Something that cannot be the caller's fault.
    #[error("internal: {0}")]
    Internal(String),
}

impl Error {
    /// The row of the table that this error belongs to.
    pub const fn code(&self) -> Code {
        match self {
            Self::Malformed(_) => Code::Malformed,
            Self::TooCostly(_) => Code::TooCostly,
            Self::Unauthenticated(_) => Code::Unauthenticated,
            Self::SecondFactorRequired(_) => Code::SecondFactorRequired,
            Self::Forbidden(_) => Code::Forbidden,
            Self::PasswordChangeRequired => Code::PasswordChangeRequired,
            Self::EnrolmentRequired => Code::EnrolmentRequired,
            Self::Csrf(_) => Code::Csrf,
            Self::LockedOut { .. } => Code::LockedOut,
            Self::NotFound(_) => Code::NotFound,
            Self::MethodNotAllowed => Code::MethodNotAllowed,
            Self::NotAcceptable(_) => Code::NotAcceptable,
            Self::Conflict(_) => Code::Conflict,
            Self::PreconditionFailed { .. } => Code::PreconditionFailed,
            Self::TooLarge { .. } => Code::TooLarge,
            Self::AddressTooLong { .. } => Code::AddressTooLong,
            Self::HeadTooLarge(_) => Code::HeadTooLarge,
            Self::TooSlow { .. } => Code::TooSlow,
            Self::RateLimited { .. } => Code::RateLimited,
            Self::UnsupportedMediaType(_) => Code::UnsupportedMediaType,
            Self::NoSuchPart { .. } => Code::NoSuchPart,
            Self::NotImplemented(_) => Code::NotImplemented,
            Self::Invalid(_) => Code::Invalid,
            Self::PreconditionRequired { .. } => Code::PreconditionRequired,
            Self::Unavailable(_) | Self::Contended(_) => Code::Unavailable,
            Self::Db(_) | Self::Internal(_) => Code::Internal,
        }
    }

    /// One invalid member, where there is nothing else to find.
    pub fn invalid(code: &str, pointer: &str, message: Text) -> Self {
        Self::Invalid(vec![Finding::error(code, pointer, message)])
    }

    /// Something that cannot be the caller's fault, with its cause for the log.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }

    /// What may be said outside, in both languages.
    pub fn public(&self) -> Text {
        let row = self.code().row();
        match self {
            Self::Malformed(text)
            | Self::TooCostly(text)
            | Self::Unauthenticated(text)
            | Self::SecondFactorRequired(text)
            | Self::Forbidden(text)
            | Self::Csrf(text)
            | Self::NotAcceptable(text)
            | Self::Conflict(text)
            | Self::HeadTooLarge(text)
            | Self::UnsupportedMediaType(text)
            | Self::NotImplemented(text) => text.clone(),
            Self::NoSuchPart { length } => Text::new(
                format!("文件共 {length} 字节，没有所要求的部分"),
                format!("The file has {length} bytes: what `Range` asks for is not among them"),
            ),
            Self::PasswordChangeRequired => Text::new(
                "密码须先修改：请在登录时一并给出 new_password",
                "The password must be changed: sign in with a `new_password` beside it",
            ),
            Self::EnrolmentRequired => Text::new(
                "此角色须使用第二因素：请以用户名和密码调用 POST /v1/session/totp，再以验证码调用 POST /v1/session/totp/confirm",
                "This role needs a second factor: send username and password to POST /v1/session/totp, then with a code to POST /v1/session/totp/confirm",
            ),
            Self::LockedOut { seconds } => Text::new(
                format!("失败次数过多，请在 {seconds} 秒后再试"),
                format!("Too many attempts: try again in {seconds} s"),
            ),
            Self::NotFound(kind) => Text::new(
                format!("{}不存在，或不在您的权限范围内", kind.zh()),
                format!("No such {} in your scope", kind.en()),
            ),
            Self::PreconditionFailed { current: Some(etag) } => Text::new(
                format!("数据已被更改，当前 ETag 为 {etag}；请重新读取后再试"),
                format!("Changed in the meantime; the present ETag is {etag}: read again, then retry"),
            ),
            Self::PreconditionFailed { current: None } => {
                Text::new("If-Match 所指的数据不存在", "There is nothing that If-Match could match")
            }
            Self::PreconditionRequired { current } => Text::new(
                format!("请用 If-Match 指明所依据的版本（当前为 {current}），或用 If-Match: * 覆盖"),
                format!(
                    "Name the state you build on with If-Match (present: {current}), or overwrite with If-Match: *"
                ),
            ),
            Self::TooLarge { limit_bytes } => Text::new(
                format!("请求内容超过 {limit_bytes} 字节的上限"),
                format!("The body is over the limit of {limit_bytes} bytes"),
            ),
            Self::AddressTooLong { limit_bytes } => Text::new(
                format!("地址（含查询）超过 {limit_bytes} 字节的上限；较长的查询请用 POST"),
                format!(
                    "The address with its query is over the limit of {limit_bytes} bytes: send long queries by POST"
                ),
            ),
            Self::TooSlow { bytes_per_second } => Text::new(
                format!("请求内容传输过慢：平均不得低于每秒 {bytes_per_second} 字节"),
                format!("The body came too slowly: at least {bytes_per_second} bytes a second on average"),
            ),
            Self::RateLimited { budget, retry_after } => Text::new(
                format!("{}（{}）的限额已用完，请在 {retry_after} 秒后再试", budget.0, budget.1),
                format!("The budget for {} is spent: come again in {retry_after} s", budget.1),
            ),
            Self::Invalid(findings) => match findings.len() {
                1 => Text::new("共 1 处问题，详见 errors", "1 problem, see errors"),
                many if many > MOST_FINDINGS => Text::new(
                    format!("共 {many} 处问题，errors 列出前 {MOST_FINDINGS} 处"),
                    format!("{many} problems, see errors for the first {MOST_FINDINGS}"),
                ),
                many => Text::new(format!("共 {many} 处问题，详见 errors"), format!("{many} problems, see errors")),
            },
            Self::MethodNotAllowed | Self::Unavailable(_) | Self::Contended(_) | Self::Db(_) | Self::Internal(_) => {
                Text::new(row.zh, row.en)
            }
        }
    }

    /// Whether it refuses somebody what is not theirs: the code of the refusal.
    ///
    /// What is public as a whole is refused to nobody: there, what is not found is not there.
    pub const fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::NotFound(Kind::Registry | Kind::Catalogue | Kind::Claim | Kind::Release | Kind::Route) => None,
            Self::Unauthenticated(_) | Self::Forbidden(_) | Self::NotFound(_) => Some(self.code().row().name),
            _ => None,
        }
    }

    /// Writes our own faults to the log; a caller's fault is no news there, but a refusal is noted with its
    /// request. Every error passes here once, on its way out of either surface.
    pub fn log(&self) {
        if let Some(code) = self.refusal() {
            request_id::note_refusal(code);
        }
        match self {
            Self::Db(cause) => tracing::error!(error.code = "INTERNAL", cause = %cause, "database failure"),
            Self::Internal(cause) => tracing::error!(error.code = "INTERNAL", cause = %cause, "internal failure"),
            Self::Unavailable(why) => tracing::warn!(error.code = "UNAVAILABLE", why, "unavailable"),
            Self::Contended(cause) => tracing::warn!(error.code = "UNAVAILABLE", cause = %cause, "others were writing"),
            other => tracing::debug!(error.code = other.code().row().name, "refused"),
        }
    }
}
