ALTER TABLE settings DROP COLUMN usage_retention_days;
