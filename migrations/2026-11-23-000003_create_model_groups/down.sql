DROP TABLE model_group_members;
DROP TABLE model_groups;
