-- finds: the file of a hot place is compiled without optimisation
-- refuted-by: with -O2 for that file it takes as long as before
-- source: clang documentation, code generation options (-O0)
WITH levels AS (
    -- of several levels the last one holds; without any it is -O0
    SELECT run_id, s.file AS file, list_filter(s.flags, lambda f: regexp_full_match(f, '-O(\d|s|z|g|fast)?'))[-1] AS level
    FROM (SELECT run_id, unnest(sources) AS s FROM runs WHERE kind = 'collect') u
)
SELECT h.run_id, id, 0.97 AS strength, NULL::DOUBLE AS part,
       l.file || ' is compiled without optimisation' || CASE WHEN l.level IS NULL THEN ' (no -O among its flags)' ELSE ' (-O0)' END AS says,
       'build it with -O2 or -O3, as what is measured without says nothing of what it could be' AS helps, NULL AS flags,
       [{'rows': 'FROM runs', 'says': coalesce('its last flag of that kind: ' || l.level, 'no flag of that kind')}] AS evidence
FROM h JOIN levels l ON l.run_id = h.run_id AND l.file = regexp_extract(h.place, '^(.*):\d+', 1)
WHERE coalesce(l.level, '-O0') = '-O0' AND own
