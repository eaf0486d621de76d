SELECT id AS program_key, external_id AS program_id, name AS program_name,
    coalesce(program_type, '') AS program_type
FROM loyalty_reporting_program
ORDER BY id
