-- purpose: where a finding of the gate points: to a loop, or to a call outside loops that was not inlined
-- grain: loop, or function x callee, by the name that findings have for it
-- columns: name, file, line, column
-- $run: the run. Of several calls of one callee the first is taken.
SELECT key AS name, file, line, "column" FROM loops WHERE run_id = $run
UNION ALL
SELECT * FROM (
    SELECT '(' || coalesce(f.name, r.function) || ') '
               || list_filter(args, lambda a: a.key = 'Callee')[1].value AS name,
           file, line, "column"
    FROM remarks r
    LEFT JOIN (SELECT function, any_value(function_name) AS name FROM loops
               WHERE run_id = $run GROUP BY function) f ON f.function = r.function
    WHERE run_id = $run AND pass = 'inline' AND tag = 'Missed' AND loop IS NULL AND line IS NOT NULL
)
WHERE name IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY name ORDER BY file, line, "column" NULLS FIRST) = 1
