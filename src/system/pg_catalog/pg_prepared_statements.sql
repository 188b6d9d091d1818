SELECT name, text AS statement, made AS prepare_time, types AS parameter_types, from_sql,
       0::bigint AS generic_plans, 0::bigint AS custom_plans
FROM rowan.catalog_statements
