-- finds: the loop is not vectorised, for another reason that the compiler gives
-- refuted-by: vectorised, it takes as long as before
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html)
WITH reasons AS (
    SELECT run_id, loop, arg_min(words, (weight, words)) AS words, arg_min(name, (weight, words)) AS name FROM missed
    WHERE weight <= 5 AND pass = 'loop-vectorize' AND name NOT IN ('MissedDetails', 'InterleavingNotBeneficial') GROUP BY ALL
), choosing AS (
    -- x = c ? y : x stores what was there, also where nothing changes
    SELECT l.run_id, l.key AS loop, min(s.line) AS line, arg_min(trim(s.target), s.line) AS target
    FROM loops l JOIN (SELECT *, regexp_extract(text, '^\s*([^=;?]+[^=;?<>!+*/|&^-])=[^=;]*\?[^;]*:[^:;]*;', 1) AS target,
                              regexp_extract(text, '\?\s*([^:;]*):[^:;]*;', 1) AS first, regexp_extract(text, '\?[^;]*:([^:;]*);', 1) AS second FROM source) s
      ON s.run_id = l.run_id AND s.file = l.file AND s.line BETWEEN l.line AND l.end_line
    WHERE trim(s.target) <> '' AND trim(s.target) IN (trim(s.first), trim(s.second)) GROUP BY ALL
)
-- a loop whose end is what a function says that was not inlined, is not counted because of that
SELECT h.run_id, id, CASE WHEN calls THEN 0.25 ELSE 0.4 END AS strength,
       -- elements of a byte instead
       now / reach * CASE WHEN r.name = 'VectorizationNotBeneficial' THEN element_bytes ELSE 1 END AS part,
       CASE WHEN r.name = 'VectorizationNotBeneficial' THEN 'the compiler could vectorise it, and reckons that it would not pay'
            WHEN uncounted AND c.loop IS NOT NULL THEN 'only the condition ' || c.test || ' ends it, and yet the compiler cannot count its turns: it is not vectorised'
            WHEN uncounted AND v.machine_loop IS NOT NULL THEN 'each turn halves what is left to search, and waits for the comparison of the one before'
            WHEN uncounted THEN 'how often it turns shows only while it runs: it is not vectorised'
            WHEN r.name LIKE '%UncountableEarlyExit%' THEN 'it may be left at more than one place, each of which the data decides: it is not vectorised'
            WHEN unsafe THEN 'the compiler did not vectorise it, as one iteration may need what another stores' || CASE WHEN k.loop IS NOT NULL THEN ': line ' || k.line || ' stores ' || k.target || ' in each, also where it stays as it is' ELSE coalesce(' in line ' || nullif(regexp_extract(r.words, 'accessed at [^ ]*?:(\d+):\d+', 1), ''), '') END
            ELSE 'the compiler did not vectorise it: ' || regexp_replace(trim(r.words), '^loop not vectorized: ', '') END || coalesce(', ' || printf('%.1f', cycles) || ' cycles an iteration', '') AS says,
       CASE WHEN r.name = 'VectorizationNotBeneficial' THEN 'try it (#pragma clang loop vectorize(enable)); wider vectors (-march=native) change the account; a table or a cheaper element does, too'
            WHEN uncounted AND c.loop IS NOT NULL THEN 'let index and bound be local variables of one signed type, which nothing in the loop may change'
            WHEN uncounted AND v.machine_loop IS NOT NULL THEN 'look for several keys side by side, or in ascending order; choose the half without a branch (a select), or lay the keys out as a tree of blocks (B-tree, Eytzinger)'
            WHEN uncounted THEN 'find the end first and work on what lies before it, or take several elements in each turn'
            WHEN r.name LIKE '%UncountableEarlyExit%' THEN 'work on blocks in which it cannot end (as many elements as the shorter side has left), and leave the checks to what lies between'
            WHEN unsafe AND k.loop IS NOT NULL THEN 'store only where it changes: if (...) ' || k.target || ' = ..., in place of a choice between the new and the old'
            WHEN unsafe THEN 'where iterations do not need each other, say so (#pragma clang loop vectorize(assume_safety)); or keep what the loop stores apart from what it reads'
            ELSE 'take that reason away' END AS helps, NULL AS flags,
       [{'rows': 'FROM remarks WHERE name = ''' || r.name || ''' AND ' || here, 'says': trim(r.words)}] AS evidence
FROM h JOIN (SELECT *, name IN ('UnsupportedUncountableLoop', 'CantComputeNumberOfIterations') AS uncounted, words LIKE '%unsafe dependent memory operations%' AS unsafe FROM reasons) r USING (run_id, loop) LEFT JOIN choosing k USING (run_id, loop) LEFT JOIN counted_loops c USING (run_id, loop) LEFT JOIN halvings v USING (run_id, machine_loop) WHERE lanes = 1 AND machine_loop IS NOT NULL AND NOT (calls AND r.name LIKE 'CantVectorize%')
  -- an index that may wrap around is told as such
  AND NOT (uncounted AND coalesce(c.wraps, false))
  -- what is waited for, or turns a few times, vectors would not mend
  AND coalesce(cycles < 2.5 * model_cycles, true) AND coalesce(trip_count, 9) >= 4
  AND NOT EXISTS (FROM instructions i WHERE i.run_id = h.run_id AND i.machine_loop = h.machine_loop AND i.kind = 'call' AND starts_with(i.operands, '*'))
