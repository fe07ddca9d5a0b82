ALTER TABLE settings ADD COLUMN usage_retention_days integer CHECK (usage_retention_days BETWEEN 1 AND 36500);
