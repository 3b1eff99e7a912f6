-- finds: a sum (or product) in floating point, whose order the language fixes: each step waits for the one before
-- refuted-by: with -fassociative-math the loop takes as long as before
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), reductions; Agner Fog, Optimizing software in C++, ch. 11
WITH forbidden AS (
    SELECT run_id, loop, min(name) AS name, min(words) AS words FROM remark_words WHERE name IN ('CantReorderFPOps', 'NonReductionValueUsedOutsideLoop') GROUP BY ALL
), links AS (
    -- additions to one register, to which nothing else is written: so many wait for each other in a pass
    SELECT run_id, machine_loop, max(n) AS links FROM (
        SELECT run_id, machine_loop, regexp_extract(operands, '(%xmm\d+)$', 1) AS held, count(*) AS n FROM instructions
        WHERE flops > 0 AND kind = 'arithmetic' AND NOT packed AND machine_loop IS NOT NULL AND held <> '' GROUP BY ALL) a
    WHERE NOT EXISTS (FROM instructions w WHERE w.run_id = a.run_id AND w.machine_loop = a.machine_loop AND w.kind NOT IN ('arithmetic', 'fma', 'compare') AND ends_with(w.operands, a.held))
    GROUP BY ALL
), adding AS (
    -- a register to which each pass adds; where it is multiplied, too, that is a recurrence, and no sum
    SELECT run_id, machine_loop, regexp_extract(operands, '([^ ,]+)$', 1) AS held FROM instructions
    WHERE flops > 0 AND kind = 'arithmetic' AND NOT packed AND regexp_matches(mnemonic, '^v?(add|sub|mul|div)s[sd]|^f(add|sub|mul|div)')
    GROUP BY ALL HAVING count(DISTINCT regexp_extract(mnemonic, 'add|sub|mul|div') IN ('mul', 'div')) = 1 AND bool_or(mnemonic NOT LIKE '%div%')
)
SELECT h.run_id, id, CASE WHEN cycles > 3 * model_cycles THEN 0.6 WHEN waits AND cycles > 1.5 * model_cycles THEN 0.75 WHEN waits THEN 0.9 WHEN lanes = 1 THEN 0.8 ELSE 0.7 END AS strength, now / reach AS part,
       CASE WHEN waits OR divisions = 0 AND bound <> 'dependencies' THEN 'each addition waits for the one before it' ELSE 'one element at a time, ' || printf('%.1f', now) || ' cycles each' END || CASE WHEN waits AND cycles IS NOT NULL
            THEN ' (' || by_model || ')' ELSE '' END ||
       ', and the order of floating-point operations forbids vectors' AS says,
       CASE WHEN trip_count < 8 THEN 'it turns only ' || printf('%.0f', trip_count) || ' times: unroll it and make the loop around it the innermost, so that vectors run over that one; or -ffast-math'
            WHEN bound = 'dependencies' AND NOT waits THEN '-ffast-math where rounding may differ, so that vectors take several elements, or sums apart for every few of them'
            ELSE 'let partial sums be formed: several accumulators, or -ffast-math where rounding may differ' END AS helps,
       '-ffast-math' AS flags,
       [{'rows': 'FROM remarks WHERE name = ''' || f.name || ''' AND ' || here, 'says': f.words},
        {'rows': 'FROM loop_mca WHERE ' || here, 'says': 'llvm-mca: bound by ' || bound}] AS evidence
FROM (SELECT h.*, bound = 'dependencies' AND NOT coalesce(5 * k.links / elements_a_pass < 0.5 * model_cycles, false) AS waits
      FROM h LEFT JOIN links k USING (run_id, machine_loop)) h
JOIN forbidden f USING (run_id, loop) LEFT JOIN (
    SELECT DISTINCT run_id, machine_loop FROM adding a
    WHERE NOT EXISTS (FROM instructions w WHERE w.run_id = a.run_id AND w.machine_loop = a.machine_loop AND w.kind = 'move' AND ends_with(w.operands, a.held))
) a USING (run_id, machine_loop)
-- where a minimum is kept beside the sum, the compiler names the value that is used afterwards
WHERE machine_loop IS NOT NULL AND (f.name = 'CantReorderFPOps' OR a.machine_loop IS NOT NULL AND loads > 0 AND bound = 'dependencies' AND lanes = 1)
