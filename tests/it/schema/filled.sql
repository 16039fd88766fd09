-- One row at least of every table, for the tests of the schema. `UUID_n`, `HASH_n` and
-- `BYTES` stand for literals of the database the test runs on.
INSERT INTO city (code, name, kind, source) VALUES
    ('620100', '兰州市', 'city', 'GB/T 2260'),
    ('620500', '天水市', 'city', 'GB/T 2260');
INSERT INTO school (code, name, tier, ownership, category, affiliation, city_code, source) VALUES
    ('62001', '甲校', 'undergraduate_vocational', 'public', 'science_engineering', 'city', '620100', 't'),
    ('62005', '乙校', 'higher_vocational', 'private', 'medical', 'province', '620500', 't');
INSERT INTO school_succession (id, school_code, predecessor_code, predecessor_name, kind, effective_on, source) VALUES
    (UUID_1, '62001', '62901', '前校', 'upgraded', '2021-03-01', 't');
INSERT INTO enterprise (code, position, name, city_code, city_basis, source) VALUES
    ('E00000001', 1, '某公司', '620100', 'name', 't');
INSERT INTO external_institution (code, position, name, kind, source) VALUES
    ('X00000001', 1, '某大学', 'university', 't');
INSERT INTO alias (id, entity_type, entity_code, alias, basis, source) VALUES
    (UUID_1, 'school', '62001', '甲', 'stated', 't');
INSERT INTO designation (id, school_code, position, name, level, source) VALUES
    (UUID_1, '62001', 1, '示范校', 'national', 't');
INSERT INTO consortium (code, position, name, kind, scope, source) VALUES
    ('C00000001', 1, '某联合体', 'city_consortium', 'city', 't');
INSERT INTO consortium_member (id, consortium_code, position, member_type, school_code, enterprise_code, institution_code, role, source) VALUES
    (UUID_1, 'C00000001', 1, 'school', '62001', NULL, NULL, 'lead', 't'),
    (UUID_2, 'C00000001', 2, 'enterprise', NULL, 'E00000001', NULL, 'co_lead', 't'),
    (UUID_3, 'C00000001', 3, 'university', NULL, NULL, 'X00000001', 'member', 't');
INSERT INTO partnership (id, position, school_code, enterprise_code, kind, label, status, source) VALUES
    (UUID_1, 1, '62001', 'E00000001', 'order_class', '订单班', 'existing', 't');
INSERT INTO consortium_application (id, consortium_code, school_code, state, version, created_by, created_at, updated_at) VALUES
    (UUID_1, 'C00000001', '62005', 'pending', 1, 't', '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00');
INSERT INTO consortium_activity (id, consortium_code, held_on, title, kind, evidence, version, created_at, updated_at) VALUES
    (UUID_1, 'C00000001', '2024-01-02', '年会', 'meeting', '[]', 1, '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00');
INSERT INTO dataset (code, position, name, period_kind, source) VALUES
    ('scale', 1, '办学规模表', 'calendar_year', 't');
INSERT INTO indicator (code, dataset_code, position, line_no, is_parts_complete, is_required, is_starred, label, printed_label, unit, decimals, aggregation, disclosure, source) VALUES
    ('scale.students', 'scale', 1, '1', FALSE, TRUE, FALSE, '在校生', '在校生', '人', 0, 'sum', 'public', 't');
INSERT INTO indicator_edition (indicator_code, before_period, line_no, is_parts_complete, is_required, is_starred, label, printed_label, disclosure, source) VALUES
    ('scale.students', '2020', '1', FALSE, FALSE, FALSE, '在校生数', '在校生', 'public', 't');
INSERT INTO rule (code, dataset_code, position, severity, expression, message_zh, message_en, is_enabled, version) VALUES
('scale.cohort', 'scale', 0, 'warning', 'scale.students > 0.0', '有问题', 'odd', TRUE, 1);
INSERT INTO period (code, kind, starts_on, ends_on) VALUES
    ('2023', 'calendar_year', '2023-01-01', '2023-12-31');
INSERT INTO collection (dataset_code, period_code, opens_on, due_on, closes_on, version, created_at, updated_at) VALUES
    ('scale', '2023', '2024-01-05', '2024-01-25', '2024-01-31', 1, '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00');
INSERT INTO collection_extension (school_code, dataset_code, period_code, number, until, reason, actor, at) VALUES
    ('62001', 'scale', '2023', 1, '2024-02-05', '校区搬迁', 'province', '2024-01-30 03:04:05+00:00');
INSERT INTO claim (key, position, label, indicator_code, statistic, scope, scope_code, period_code, comparator, value, unit, source) VALUES
    ('scale.students.2023', 1, '在校生', 'scale.students', 'value', 'province', '620000', '2023', '=', '294013', '人', 't');
INSERT INTO submission (school_code, dataset_code, period_code, state, version, revision, content_hash, submitted_revision, approved_revision, accepted_revision, created_at, updated_at) VALUES
    ('62001', 'scale', '2023', 'draft', 6, 2, HASH_2, 1, 1, 1, '2024-01-02 03:04:05+00:00', '2024-01-03 03:04:05+00:00'),
    ('62005', 'scale', '2023', 'draft', 1, 1, HASH_3, NULL, NULL, NULL, '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00');
INSERT INTO revision (school_code, dataset_code, period_code, number, document, content_hash, chain_hash, cells, author, source, created_at) VALUES
    ('62001', 'scale', '2023', 1, '{"dataset":"scale","observations":{"scale.students":25688},"period":"2023","school":"62001"}',
        HASH_1, HASH_1, 1, 'client', 'rest', '2024-01-02 03:04:05+00:00'),
    ('62001', 'scale', '2023', 2, '{"dataset":"scale","observations":{"scale.a":17.25,"scale.b":{"note":"about","status":"ESTIMATED","value":-3.5},"scale.c":{"status":"NOT_APPLICABLE"},"scale.d":{"note":"counted twice","value":0}},"period":"2023","school":"62001"}',
        HASH_2, HASH_2, 4, 'client', 'graphql', '2024-01-03 03:04:05+00:00'),
    ('62005', 'scale', '2023', 1, '{"dataset":"scale","observations":{},"period":"2023","school":"62005"}',
        HASH_3, HASH_3, 0, 'client', 'bulk', '2024-01-02 03:04:05+00:00');
INSERT INTO finding (school_code, dataset_code, period_code, number, position, severity, code, indicator_code, pointer, message_zh, message_en) VALUES
    ('62001', 'scale', '2023', 1, 0, 'warning', 'history', 'scale.students', '/observations/scale.students', '变动较大', 'a large move');
INSERT INTO transition (school_code, dataset_code, period_code, version, revision, from_state, to_state, actor, reason, at) VALUES
    ('62001', 'scale', '2023', 2, 1, 'draft', 'submitted', 'client', NULL, '2024-01-02 04:04:05+00:00');
INSERT INTO registry_snapshot (hash, document, created_at) VALUES
    (HASH_1, '{}', '2024-02-01 00:00:00+00:00');
INSERT INTO release (version, major, minor, patch, kind, note, period_code, registry_hash, manifest, signature, created_by, created_at, publish_at) VALUES
    ('1.0.0', 1, 0, 0, 'major', '首次发布', '2023', HASH_1, '{}', 'a.b.c', 'province', '2024-02-01 00:00:00+00:00', '2024-02-02 00:00:00+00:00');
INSERT INTO release_table (version, dataset_code, period_code, schools, public_hash, public_columns, protected_hash, protected_columns) VALUES
    ('1.0.0', 'scale', '2023', 1, HASH_1, BYTES, HASH_2, BYTES);
INSERT INTO account (id, username, display_name, password_hash, role, org, is_disabled, is_demo, created_at, duty) VALUES
    (UUID_1, 'city-620100', '兰州', '$argon2id$', 'CITY', '620100', FALSE, TRUE, '2024-01-01 00:00:00+00:00', 'all'),
    (UUID_2, 'school-62001', '学校', '$argon2id$', 'SCHOOL', '62001', FALSE, TRUE, '2024-01-01 00:00:00+00:00', 'sign');
INSERT INTO client (id, client_id, name, secret_hash, role, org, is_disabled, is_demo, created_at) VALUES
    (UUID_1, 'analyst', '分析', HASH_1, 'ANALYST', NULL, FALSE, TRUE, '2024-01-01 00:00:00+00:00'),
    (UUID_2, 'auditor', '审计', HASH_2, 'AUDITOR', NULL, FALSE, TRUE, '2024-01-01 00:00:00+00:00');
INSERT INTO lockout (digest, failures, last_at, locked_until) VALUES
    (HASH_1, 6, '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:20+00:00');
INSERT INTO second_factor (account_id, secret, last_step, confirmed_at, created_at) VALUES
    (UUID_1, 'v1.x.y', 56000000, '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00');
INSERT INTO recovery_code (account_id, hash, used_at) VALUES
    (UUID_1, HASH_1, NULL),
    (UUID_1, HASH_2, '2024-01-02 03:04:05+00:00');
INSERT INTO signing_key (kid, algorithm, public_key, private_key, created_at) VALUES
    ('k1', 'EdDSA', 'x', 'd', '2024-01-01 00:00:00+00:00');
INSERT INTO journal (id, at, actor, actor_role, action, object, school_code, data) VALUES
    (UUID_1, '2024-01-02 03:04:05+00:00', 'client', 'SCHOOL', 'submission.pushed', '62001/scale/2023', '62001', '{}'),
    (UUID_2, '2024-01-03 03:04:05+00:00', 'client', 'SCHOOL', 'submission.pushed', '62001/scale/2023', '62001', '{}');
INSERT INTO journal_seal (sequence, journal_id, chain_hash, sealed_at) VALUES
    (1, UUID_1, HASH_1, '2024-01-02 03:04:06+00:00');
INSERT INTO journal_pending (journal_id) VALUES (UUID_2);
INSERT INTO idempotency (digest, subject, route, fingerprint, status, headers, body, request_id, created_at) VALUES
    (HASH_1, 'client:demo', 'PUT /v1/schools/62001/submissions/scale/2023', HASH_2, 201, '[]', '{}', 'request-1', '2024-01-02 03:04:05+00:00');
INSERT INTO rate_bucket (key, full_at, granted) VALUES (HASH_1, 0, 1);
INSERT INTO webhook (id, role, org, url, events, secret, version, cursor, is_disabled, created_by, created_at) VALUES
    (UUID_1, 'SCHOOL', '62001', 'https://example.org/hook', '[]', 'whsec_x', 1, 'c', FALSE, 'client:demo', '2024-01-02 03:04:05+00:00');
INSERT INTO webhook_delivery (id, webhook_id, place, event, body, state, attempts, next_at, created_at) VALUES
    (UUID_2, UUID_1, 'c', 'submission.pushed', '{}', 'pending', 0, '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00');
INSERT INTO batch (id, state, format, is_dry_run, sender, sender_role, sender_org, size_bytes, rows_total, rows_read, rows_accepted, rows_rejected, causes, attempts, created_at, updated_at, may_shrink, content_hash) VALUES
    (UUID_1, 'running', 'csv', FALSE, 'client:demo', 'SCHOOL', '62001', 4, 2, 1, 1, 0, '[]', 1, '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00', TRUE, HASH_1);
INSERT INTO batch_part (batch_id, number, bytes) VALUES (UUID_1, 0, BYTES);
INSERT INTO batch_table (batch_id, school_code, dataset_code, period_code, state, revision, cells) VALUES
    (UUID_1, '62001', 'scale', '2023', 'draft', 1, 1);
INSERT INTO journal_checkpoint (number, sequence, chain_hash, at, token) VALUES
    (1, 1, HASH_1, '2024-01-02 03:05:05+00:00', 'a.b.c');
INSERT INTO data_access (id, at, actor, actor_role, actor_org, door) VALUES
    (UUID_1, '2024-01-02 03:04:05+00:00', 'client:city', 'CITY', '620100', 'POST /graphql');
INSERT INTO data_access_table (access_id, school_code, dataset_code, period_code, is_listed) VALUES (UUID_1, '62001', 'scale', '2023', FALSE);
INSERT INTO token_family (id, account_id, client_id, generation, created_at, used_at, expires_at) VALUES
    (UUID_1, UUID_2, 'console', 1, '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00', '2024-01-02 15:04:05+00:00');
INSERT INTO refresh_token (hash, family_id, created_at, expires_at, used_at) VALUES
    (HASH_1, UUID_1, '2024-01-02 03:04:05+00:00', '2024-01-02 05:04:05+00:00', NULL);
INSERT INTO revocation (name, subject, created_at, until) VALUES
    ('token:one', 'client:demo', '2024-01-02 03:04:05+00:00', '2024-01-02 03:20:05+00:00');
INSERT INTO client_key (client_id, kid, jwk, created_at) VALUES
    (UUID_1, 'one', '{}', '2024-01-02 03:04:05+00:00');
INSERT INTO client_assertion (digest, until) VALUES
    (HASH_1, '2024-01-02 03:20:05+00:00');
INSERT INTO reconciliation (id, at, actor, actor_role, actor_org, release, is_of_file, claims_hash, holds, differs, no_data, contradicts, document) VALUES
    (UUID_1, '2024-01-02 03:04:05+00:00', 'client:demo', 'PROVINCE', '620000', '1.0.0', FALSE, HASH_1, 1, 0, 0, 0, '{}');
INSERT INTO claim_explanation (id, pair_hash, number, claim, other, cause, text, actor, at) VALUES
    (UUID_1, HASH_1, 1, 'a.b', 'a.c', 'scope', 'why', 'client:demo', '2024-01-02 03:04:05+00:00');
INSERT INTO registry_term (kind, code, since, until) VALUES
    ('designation', 'd', '2019-09-01', NULL);
INSERT INTO registry_change (id, kind, code, changed_at, effective_on, before, after, reason, changed_by, changed_role) VALUES
    (UUID_1, 'school', '62001', '2024-01-02 03:04:05+00:00', '2024-01-01', NULL, '{}', '更名', 'province', 'PROVINCE');
INSERT INTO duplicate_decision (id, kind, code, other_code, verdict, reason, decided_by, decided_at) VALUES
    (UUID_1, 'enterprise', 'E00000009', 'E00000001', 'merged', '同一企业', 'province', '2024-01-02 03:04:05+00:00');
INSERT INTO major (code, position, name, category, class, level, edition, source) VALUES
    ('999901', 1, '某专业', '某大类', '某类', 'secondary', '2021', 't');
INSERT INTO industry_chain (code, position, name, source) VALUES
    ('I00000001', 1, '某链', 't');
UPDATE consortium SET chain_code = 'I00000001';
INSERT INTO bulletin (year, document, hash, actor, at) VALUES
    (2024, '{}', HASH_1, 'client:demo', '2024-01-02 03:04:05+00:00');
INSERT INTO major_chain (id, position, major_code, chain_code, source) VALUES
    (UUID_1, 1, '999901', 'I00000001', 't');
INSERT INTO programme (id, position, school_code, major_code, since, source) VALUES
    (UUID_1, 1, '62001', '999901', '2019-09-01', 't');
INSERT INTO task (id, position, city_code, school_code, department, title, departments, due, due_year, due_on, set_by, source, state, is_amended, version, created_at, updated_at) VALUES
    (UUID_1, 1, '620100', NULL, NULL, '任务', '市教育局|市财政局', '2025年', 2025, '2025-12-31', 'city', '004 附件2-1', 'open', FALSE, 1, '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00');
INSERT INTO task_report (task_id, number, text, percent, evidence, is_done, actor, actor_role, at) VALUES
    (UUID_1, 1, '进展', 50, '[]', FALSE, 'client:city', 'CITY', '2024-01-02 03:04:05+00:00');
INSERT INTO task_verdict (task_id, number, verdict, reason, actor, actor_role, at) VALUES
    (UUID_1, 1, 'returned', 'why', 'client:demo', 'PROVINCE', '2024-01-02 03:04:05+00:00');
INSERT INTO task_evaluation (id, year, whose, city_code, school_code, document, hash, actor, at) VALUES
    (UUID_1, 2024, '620100', '620100', NULL, '{}', HASH_1, 'client:demo', '2024-01-02 03:04:05+00:00');
INSERT INTO target (id, position, owner_name, owner_type, city_code, school_code, label, comparator, value, source, is_amended, version) VALUES
    (UUID_1, 1, '兰州市', 'city', '620100', NULL, '目标', '>=', '50', '004 二', FALSE, 1);
INSERT INTO policy (id, position, city_code, content, source) VALUES (UUID_1, 1, '620100', '政策', '004 附件1-1');
INSERT INTO city_figure (id, position, city_code, key, label, unit, value, source) VALUES
    (UUID_1, 1, '620100', 'shared_training_bases', '基地', '个', '36', '002 L65');
INSERT INTO certification_batch (code, year, title, apply_from, apply_until, source, version, created_at, updated_at) VALUES
    ('2024-1', 2024, '第一批', '2024-01-01', '2024-02-01', NULL, 1, '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00');
INSERT INTO enterprise_certification (id, batch_code, enterprise_code, city_code, state, statement, staff, internship_places, evidence, version, created_at, updated_at) VALUES
    (UUID_1, '2024-1', 'E00000001', '620100', 'submitted', '申请', 100, 2, '[]', 1, '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00');
INSERT INTO enterprise_certification_step (application_id, number, from_state, to_state, role, by_org, reason, at) VALUES
    (UUID_1, 1, NULL, 'submitted', 'ENTERPRISE', 'E00000001', NULL, '2024-01-02 03:04:05+00:00');
INSERT INTO incentive (id, enterprise_code, city_code, kind, amount_fen, granted_on, source, recorded_role, version, created_at) VALUES
    (UUID_1, 'E00000001', '620100', 'fiscal', 12345, '2024-01-02', '文号', 'CITY', 1, '2024-01-02 03:04:05+00:00');
INSERT INTO certification_agency (code, name, version, created_at, updated_at) VALUES
    ('engineering', '机构', 1, '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00');
INSERT INTO certification_assignment (major_category, agency_code) VALUES ('装备制造大类', 'engineering');
INSERT INTO teacher_certification (id, school_code, staff_number, open_key, level, major_category, evidence, year, state, agency_code, is_appealed, version, created_at, updated_at) VALUES
    (UUID_1, '62001', 'T-1', NULL, 'junior', '装备制造大类', '[]', 2024, 'certified', 'engineering', FALSE, 1, '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00');
INSERT INTO teacher_certification_step (application_id, number, from_state, to_state, role, by_org, reason, at) VALUES
    (UUID_1, 1, NULL, 'city', 'SCHOOL', '62001', NULL, '2024-01-02 03:04:05+00:00');
INSERT INTO teacher_certificate (code, number, application_id, school_code, level, major_category, valid_from, valid_until, created_at) VALUES
    ('aaaaaaaaaaaaaaaaaaaaaaaaaaaa', '2024-62-000001', UUID_1, '62001', 'junior', '装备制造大类', '2024-01-02', '2029-01-01', '2024-01-02 03:04:05+00:00');
INSERT INTO certificate_sequence (year, last) VALUES (2024, 1);
INSERT INTO teacher_certification_count (id, position, category, level, teachers, source) VALUES
    (UUID_1, 1, 'higher_vocational', 'junior', 2375, '001 表4');
INSERT INTO opportunity (id, school_code, owner_city_code, city_code, kind, side, state, title, text, majors, major_words, industry, headcount, valid_until, stamp, version, created_at, updated_at, published_at) VALUES
    (UUID_1, '62001', '620100', '620100', 'talent', 'supply', 'published', '焊接毕业生', '', '[]', '[]', '制造业', 30, '2099-12-31', 1, 1, '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00'),
    (UUID_2, '62005', '620500', '620500', 'talent', 'demand', 'published', '招焊工', '', '[]', '[]', NULL, NULL, '2099-12-31', 2, 1, '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00');
INSERT INTO opportunity_match (supply_id, demand_id, score, found_at) VALUES
    (UUID_1, UUID_2, 77, '2024-01-02 03:04:05+00:00');
INSERT INTO opportunity_interest (id, opportunity_id, party, enterprise_code, contact_telephone, state, version, created_at, updated_at) VALUES
    (UUID_1, UUID_1, 'E00000001', 'E00000001', '0931-1234567', 'expressed', 1, '2024-01-02 03:04:05+00:00', '2024-01-02 03:04:05+00:00');
