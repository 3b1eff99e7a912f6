-- finds: a branch on the data, taken now and then: the processor guesses wrong, which the machine model does not know
-- refuted-by: on sorted data, or with a select in place of the branch, the loop takes as long as before
-- source: Agner Fog, The microarchitecture of Intel, AMD and VIA CPUs, ch. 3 (branch prediction)
WITH decided AS (
    SELECT b.run_id, l.key AS loop, max(least(b.count, b.false_count) / (b.count + b.false_count)) AS even,
           arg_max(b.line, (least(b.count, b.false_count) / (b.count + b.false_count), b.count)) AS line,
           arg_max(b.count / (b.count + b.false_count), (least(b.count, b.false_count) / (b.count + b.false_count), b.count)) AS often
    FROM execution_regions b JOIN loops l ON l.run_id = b.run_id AND l.file = b.file AND b.line BETWEEN l.line AND l.end_line
    -- whether a loop turns once more is no branch on data
    LEFT JOIN (SELECT n.run_id, n.file, n.line, t.iterations FROM trips t JOIN loops n ON n.run_id = t.run_id AND n.key = t.loop_key) o
      ON o.run_id = b.run_id AND o.file = b.file AND o.line = b.line AND o.iterations = b.count
    WHERE o.run_id IS NULL AND b.kind = 'branch' AND b.count + b.false_count > 1000 AND b.false_count IS NOT NULL
    GROUP BY ALL
), shared AS (
    -- threads that store to one place over and over: their lines may move between cores meanwhile
    SELECT DISTINCT i.run_id, i.machine_loop FROM instructions i
    WHERE i.store_bytes > 0 AND NOT i.stack AND i.step = 0
      AND EXISTS (FROM instructions t WHERE t.run_id = i.run_id AND t.kind = 'call' AND regexp_matches(t.operands, 'pthread_create|GOMP_parallel|kmpc_fork|_ZNSt6thread15_M_start'))
)
SELECT h.run_id, id, CASE WHEN s.machine_loop IS NOT NULL THEN 0.6 WHEN even > 0.2 AND cycles > 2 * model_cycles THEN 0.93 ELSE 0.6 END AS strength,
       cycles / (work_cycles) AS part,
       'the branch in line ' || d.line || ' is taken ' || printf('%.0f %%', 100 * d.often) || ' of the time, and wrong guesses' || CASE WHEN s.machine_loop IS NULL THEN '' ELSE ', or a cache line that threads write to in turn (false sharing),' END || ' cost more than the work: ' ||
       printf('%.1f', cycles) || ' cycles an iteration, where the model of the same code expects ' || printf('%.1f', model_cycles) AS says,
       CASE WHEN s.machine_loop IS NULL THEN '' ELSE 'give each thread''s data a cache line of its own (alignas(64)) or a local sum, which tells the two apart; ' END || 'compute without the branch (a select, an index that grows by the condition), or sort the data first' AS helps,
       NULL AS flags,
       [{'rows': 'FROM execution_regions WHERE kind = ''branch'' AND line = ' || d.line, 'says': 'taken ' || printf('%.1f %%', 100 * d.often)},
        {'rows': 'FROM instructions WHERE kind = ''branch'' AND machine_loop = ' || h.machine_loop, 'says': branches || ' branches in the machine loop'}] AS evidence
FROM h JOIN decided d USING (run_id, loop) LEFT JOIN shared s USING (run_id, machine_loop)
-- code in vectors has no branch for each element, but where only a part of the loop is in them
WHERE branches >= 2 AND NOT (
      -- the compiler made a choice of it, and no branch
      EXISTS (FROM instructions s WHERE s.run_id = h.run_id AND s.machine_loop = h.machine_loop AND s.kind = 'select' AND s.line = d.line)
      AND NOT EXISTS (FROM instructions s WHERE s.run_id = h.run_id AND s.machine_loop = h.machine_loop AND s.kind = 'branch' AND s.line = d.line))
  AND (lanes = 1 OR branches > 2) AND even > 0.05 AND cycles > 1.6 * model_cycles AND NOT calls
UNION ALL BY NAME
-- a search that is over after an element or three, as data say when
SELECT h.run_id, id, 0.9 AS strength, cycles / work_cycles AS part,
       'it turns ' || printf('%.1f', trip_count) || ' times each time, as the data say, and when it ends is guessed wrong: ' ||
       printf('%.1f', cycles) || ' cycles an iteration, where the model of the same code expects ' || printf('%.1f', model_cycles) AS says,
       'compute without the branch (an index that grows by the condition; for sorting and partitioning, a block of comparisons first and the exchanges after it)' AS helps,
       NULL AS flags,
       [{'rows': 'FROM trips WHERE loop_key = ' || quoted, 'says': printf('%.2f', trip_count) || ' iterations an entry'}] AS evidence
FROM h
WHERE trip_count BETWEEN 0.4 AND 6 AND entries > 10000 AND cycles > 3 * greatest(model_cycles, 2) AND loads > 0 AND chased_loads = 0 AND far_accesses = 0 AND indexed_loads = 0 AND NOT calls
  AND EXISTS (FROM remarks r WHERE r.run_id = h.run_id AND r.loop = h.loop AND r.name IN ('UnsupportedUncountableLoop', 'CantComputeNumberOfIterations', 'UncountableEarlyExit', 'TooManyUncountableEarlyExits', 'PotentiallyFaultingEarlyExitLoop'))
