-- finds: a store in the loop may change what the loop reads, so that values are loaded again and nothing is vectorised
-- refuted-by: with `restrict`, or local copies, the loop takes as long as before
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), runtime checks of pointers; C11 6.7.3.1
WITH said AS (
    SELECT run_id, loop, min(words) AS words, min(name) AS name,
           bool_or(name = 'LoadWithLoopInvariantAddressInvalidated') AS again, bool_or(name = 'CantIdentifyArrayBounds') AS unbounded
    FROM remark_words
    WHERE name IN ('LoadWithLoopInvariantAddressInvalidated', 'CantReorderMemOps', 'CantIdentifyArrayBounds', 'UnknownArrayBounds')
       OR words LIKE '%cannot identify array bounds%' OR words LIKE '%cannot prove it is safe to reorder memory operations%'
    GROUP BY ALL
), places AS (
    -- values at one place in each pass: how often they are loaded there, and stored
    SELECT run_id, machine_loop, through, displacement, count(*) FILTER (load_bytes > 0) AS loads, count(*) FILTER (store_bytes > 0) AS stores
    FROM instructions WHERE machine_loop IS NOT NULL AND NOT stack AND step = 0 AND (load_bytes > 0 OR store_bytes > 0) GROUP BY ALL HAVING loads > 0
), kept AS (
    -- one that the loop itself stores changes in every pass, and has to be loaded once for each store; another one stays
    SELECT run_id, machine_loop, bool_and(stores > 0 AND loads <= stores) AS stored, bool_and(stores > 0) AS changes, max(loads) AS times,
           -- where a member is stored, as in the loop of a writer, its pointer is what moves
           bool_or(stores > 0 AND displaced) AS written FROM (SELECT p.*, EXISTS (FROM instructions s WHERE s.run_id = p.run_id AND s.machine_loop = p.machine_loop AND s.store_bytes > 0 AND NOT s.stack AND s.step IS DISTINCT FROM 0) AS displaced FROM places p) GROUP BY ALL
), others AS (
    -- what keeps vectors away, however pointers lie
    SELECT DISTINCT run_id, loop FROM remarks WHERE pass = 'loop-vectorize' AND name IN ('CantVectorizeInstruction', 'CantVectorizeInstructionReturnType', 'CantVectorizeCall', 'CantVectorizeLibcall', 'NonSimpleStore', 'NonSimpleLoad', 'NoCFGForSelect')
)
-- a chain of operations that takes all of the time is none of its doing
SELECT h.run_id, id, CASE WHEN e.loop IS NOT NULL OR o.loop IS NOT NULL THEN 0.55 WHEN bound = 'dependencies' AND model_cycles > 1.5 * work_cycles AND cycles < 1.3 * model_cycles THEN 0.6 WHEN again AND k.stored THEN 0.75 WHEN r.loop IS NULL THEN 0.92 ELSE 0.5 END AS strength, now / (CASE WHEN o.loop IS NULL THEN reach ELSE greatest(work_cycles, floor_of_memory) END * CASE WHEN n.narrowest < element_bytes AND NOT (again AND coalesce(k.changes, false)) THEN 2 ELSE 1 END) AS part,
       CASE WHEN again AND changes THEN 'what the loop stores to may overlap a value that it needs, as with members and stores through char*: that is loaded ' || CASE WHEN times > 1 THEN times || ' times' ELSE 'and stored' END || ' in each pass, and no vectors can be used'
            WHEN again THEN 'what the loop stores to may overlap what it reads: a value that never changes is loaded in every pass' || CASE WHEN e.loop IS NULL AND o.loop IS NULL THEN ', and no vectors can be used' ELSE '' END
            ELSE 'what the loop stores to may overlap what it reads, and no check at run time can tell: no vectors' END AS says,
       CASE WHEN again AND changes THEN 'copy members to local variables before the loop, work on those, and store them back after it; or say that they do not overlap (restrict)'
            ELSE 'say that they do not overlap (restrict), or copy what stays the same to a local variable before the loop' END AS helps,
       NULL AS flags,
       [{'rows': 'FROM remarks WHERE name = ''' || s.name || ''' AND ' || here, 'says': s.words}] AS evidence
FROM h JOIN said s USING (run_id, loop)
LEFT JOIN (SELECT DISTINCT run_id, loop FROM carried_elements) e USING (run_id, loop)
-- what lies in memory narrower than it is computed with, is widened before, and packed after
LEFT JOIN (SELECT run_id, machine_loop, min(least(coalesce(nullif(load_bytes, 0), 64), coalesce(nullif(store_bytes, 0), 64))) AS narrowest FROM instructions WHERE NOT stack AND (load_bytes > 0 OR store_bytes > 0) GROUP BY ALL) n USING (run_id, machine_loop)
-- the vectoriser asks of floating-point order when all of memory is well
LEFT JOIN (SELECT DISTINCT run_id, loop FROM remarks WHERE name = 'CantReorderFPOps') r USING (run_id, loop)
LEFT JOIN kept k USING (run_id, machine_loop) LEFT JOIN others o USING (run_id, loop)
-- what a call does to memory, no restrict tells
WHERE lanes = 1 AND machine_loop IS NOT NULL AND NOT calls AND stores > stack_accesses AND (computed_loads = 0 OR again) AND NOT (again AND coalesce(k.stored AND NOT (written AND unbounded), false)) AND (again OR o.loop IS NULL)
