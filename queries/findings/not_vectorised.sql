-- finds: the loop is not vectorised, for another reason that the compiler gives
-- refuted-by: vectorised, it takes as long as before
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html)
WITH reasons AS (
    SELECT run_id, loop, arg_min(words, (weight, words)) AS words, arg_min(name, (weight, words)) AS name FROM missed
    WHERE weight <= 5 AND pass = 'loop-vectorize' AND name <> 'MissedDetails' GROUP BY ALL
)
SELECT h.run_id, id, 0.4 AS strength, now / reach AS part,
       'the compiler did not vectorise it: ' || regexp_replace(trim(r.words), '^loop not vectorized: ', '') AS says,
       'take that reason away' AS helps, NULL AS flags,
       [{'rows': 'FROM remarks WHERE name = ''' || r.name || ''' AND ' || here, 'says': trim(r.words)}] AS evidence
FROM h JOIN reasons r USING (run_id, loop) WHERE lanes = 1 AND machine_loop IS NOT NULL AND NOT (calls AND r.name LIKE 'CantVectorize%')
