-- +goose NO TRANSACTION
-- +goose Up

-- A tree of organizations lies with the merchant it was founded for, its merchant_id here; other
-- merchants may be members of the same tree. Decision 0030 says why.
CREATE TABLE IF NOT EXISTS organizations (
    merchant_id            {{text}} NOT NULL,
    organization_id        {{text}} NOT NULL,
    parent_organization_id {{text}} NOT NULL DEFAULT '',
    name                   {{text}} NOT NULL,
    metadata               {{text}} NOT NULL DEFAULT '',
    status                 {{text}} NOT NULL CHECK (status IN ('active', 'deleted')),
    created_at             {{int}} NOT NULL,
    updated_at             {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, organization_id)
) {{options}};
CREATE UNIQUE INDEX IF NOT EXISTS organizations_root ON organizations (merchant_id) WHERE parent_organization_id = '';
CREATE INDEX IF NOT EXISTS organizations_parent ON organizations (merchant_id, parent_organization_id);

-- merchant_id is the tree's. An organization has at most one owner.
CREATE TABLE IF NOT EXISTS organization_memberships (
    merchant_id     {{text}} NOT NULL,
    organization_id {{text}} NOT NULL,
    user_id         {{text}} NOT NULL,
    role            {{text}} NOT NULL CHECK (role IN ('owner', 'admin', 'operator', 'viewer')),
    status          {{text}} NOT NULL CHECK (status IN ('active', 'revoked')),
    created_at      {{int}} NOT NULL,
    updated_at      {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, organization_id, user_id)
) {{options}};
CREATE UNIQUE INDEX IF NOT EXISTS organization_memberships_owner ON organization_memberships (merchant_id, organization_id)
    WHERE role = 'owner' AND status = 'active';

-- The merchant's side of belonging to an organization: which one, and with whom its tree lies.
CREATE TABLE IF NOT EXISTS merchant_organizations (
    merchant_id     {{text}} NOT NULL,
    founder_id      {{text}} NOT NULL,
    organization_id {{text}} NOT NULL,
    created_at      {{int}} NOT NULL,
    PRIMARY KEY (merchant_id)
) {{clustered}};

-- The tree's side of the same: the merchants of each organization.
CREATE TABLE IF NOT EXISTS organization_merchants (
    merchant_id     {{text}} NOT NULL,
    organization_id {{text}} NOT NULL,
    member_id       {{text}} NOT NULL,
    PRIMARY KEY (merchant_id, organization_id, member_id)
) {{clustered}};

-- The last change of the version that a merchant's requests get, so that it can be taken back.
CREATE TABLE IF NOT EXISTS merchant_api_versions (
    merchant_id {{text}} NOT NULL,
    previous    {{text}} NOT NULL,
    changed_at  {{int}} NOT NULL,
    PRIMARY KEY (merchant_id)
) {{clustered}};

-- Merchants from before get an organization of their own. Its id keeps the merchant's ULID, so that a
-- second run finds it. Their users keep every right: the first is the owner, the others are admins.
INSERT INTO organizations (merchant_id, organization_id, name, status, created_at, updated_at)
    SELECT merchant_id, 'org_' || substr(merchant_id, 5), business_name, 'active', created_at, created_at FROM merchants m
    WHERE NOT EXISTS (SELECT 1 FROM merchant_organizations l WHERE l.merchant_id = m.merchant_id)
    ON CONFLICT DO NOTHING;
INSERT INTO organization_memberships (merchant_id, organization_id, user_id, role, status, created_at, updated_at)
    SELECT u.merchant_id, 'org_' || substr(u.merchant_id, 5), u.user_id,
        CASE WHEN u.user_id = (SELECT MIN(v.user_id) FROM users v WHERE v.merchant_id = u.merchant_id) THEN 'owner' ELSE 'admin' END,
        'active', u.created_at, u.created_at FROM users u
    WHERE NOT EXISTS (SELECT 1 FROM merchant_organizations l WHERE l.merchant_id = u.merchant_id)
    ON CONFLICT DO NOTHING;
INSERT INTO organization_merchants (merchant_id, organization_id, member_id)
    SELECT merchant_id, 'org_' || substr(merchant_id, 5), merchant_id FROM merchants m
    WHERE NOT EXISTS (SELECT 1 FROM merchant_organizations l WHERE l.merchant_id = m.merchant_id)
    ON CONFLICT DO NOTHING;
INSERT INTO merchant_organizations (merchant_id, founder_id, organization_id, created_at)
    SELECT merchant_id, merchant_id, 'org_' || substr(merchant_id, 5), created_at FROM merchants WHERE 1 = 1
    ON CONFLICT DO NOTHING;
