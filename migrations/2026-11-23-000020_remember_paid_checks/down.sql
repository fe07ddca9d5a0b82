DROP TABLE paid_checks;
