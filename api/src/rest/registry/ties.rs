//! Memberships, titles, other names, and what became of schools.

use super::routes;

routes! {
    /// `/v1/consortium-members`.
    members: consortium_member at "/v1/consortium-members", "/v1/consortium-members/{member}", "member";
    /// Who is in which consortium now.
    list ConsortiumMemberListView,
    /// One of them; what was merged is found under its old code, too.
    get,
    /// Adds a member to a consortium.
    add,
    /// Changes a member's part in a consortium, or ends it.
    change;
    /// An entry of the registry (membership).
    view ConsortiumMemberView {
        /// Its id.
        id,
    }
    /// What is said of a membership; what is left out stays.
    body ConsortiumMemberBody {
    }
    both {
        /// The code of the consortium; never changes.
        consortium,
        /// The code of the school, enterprise or institution; never changes.
        member,
        /// What the member is; follows from the member where nothing is said.
        member_type,
        /// `lead`, `co_lead`, `vice_chair` or `member`.
        role,
        /// The member's name as printed.
        name_as_printed,
        /// Where it is printed.
        source,
    }
}

routes! {
    /// `/v1/designations`.
    designations: designation at "/v1/designations", "/v1/designations/{designation}", "designation";
    /// The titles of schools.
    list DesignationListView,
    /// One of them; what was merged is found under its old code, too.
    get,
    /// Adds a title of a school.
    add,
    /// Changes a title of a school, or ends it.
    change;
    /// An entry of the registry (title).
    view DesignationView {
        /// Its id.
        id,
    }
    /// What is said of a title; what is left out stays.
    body DesignationBody {
    }
    both {
        /// The code of the school; never changes.
        school,
        /// The title in Chinese.
        name,
        /// In English.
        name_en,
        /// `national` or `provincial`.
        level,
        /// The branch, base or project that holds it.
        detail,
        /// Where it is printed.
        source,
    }
}

routes! {
    /// `/v1/aliases`.
    aliases: alias at "/v1/aliases", "/v1/aliases/{alias}", "alias";
    /// Other names, without suggestions.
    list AliasListView,
    /// One of them; what was merged is found under its old code, too.
    get,
    /// Adds another name.
    add,
    /// Changes what is said of another name, or ends it.
    change;
    /// An entry of the registry (name).
    view AliasView {
        /// Its id.
        id,
    }
    /// What is said of a name; what is left out stays.
    body AliasBody {
    }
    both {
        /// `school`, `enterprise`, `consortium` or `institution`; never changes.
        entity_type,
        /// The code of what the name stands for; never changes.
        entity,
        /// The other name; never changes.
        alias,
        /// `stated`, `short_form`, `typographic`, `inferred`, or `possible`: a suggestion.
        basis,
        /// A remark.
        note,
        /// Where it is printed.
        source,
    }
}

routes! {
    /// `/v1/school-successions`.
    successions: school_succession at "/v1/school-successions", "/v1/school-successions/{succession}", "succession";
    /// What became of schools.
    list SchoolSuccessionListView,
    /// One of them; what was merged is found under its old code, too.
    get,
    /// Says what became of a school.
    add,
    /// Corrects what became of a school; one that was entered by mistake is ended.
    change;
    /// An entry of the registry (succession).
    view SchoolSuccessionView {
        /// Its id.
        id,
    }
    /// What is said of a succession; what is left out stays.
    body SchoolSuccessionBody {
    }
    both {
        /// The code of the school that is there now; never changes.
        school,
        /// The code of the one before it; never changes.
        predecessor,
        /// The last name of the one before it; as in the registry where nothing is said.
        predecessor_name,
        /// `renamed`, `upgraded`, `merged` or `split`.
        kind,
        /// Since which day; series of figures are followed by it.
        happened_on,
        /// Where it is printed.
        source,
    }
}
