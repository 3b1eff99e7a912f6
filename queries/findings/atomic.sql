-- finds: an atomic operation in every iteration: it orders memory, and with several threads its line moves between cores
-- refuted-by: with a counter of each thread's own the loop takes as long as before
-- source: Intel 64 and IA-32 Architectures Optimization Reference Manual, 11 (multicore); Drepper (2007), 6.4
WITH counting AS (
    -- a copy of a shared_ptr is more than its atomic operation: what is left without it does less
    SELECT i.run_id, i.machine_loop, count(*) FILTER (len(list_filter(i.frames, lambda f: f.file LIKE '%shared\_ptr%' ESCAPE '\')) > 0) / count(*) AS part
    FROM instructions i WHERE i.machine_loop IN (SELECT machine_loop FROM h WHERE atomics > 0) GROUP BY ALL
)
SELECT run_id, id, 0.9 AS strength, cycles / (work_cycles * (1 - least(0.8, coalesce(c.part, 0)))) AS part,
       atomics || ' atomic operation' || CASE WHEN atomics > 1 THEN 's' ELSE '' END || ' in each pass: ' || printf('%.0f', cycles) || ' cycles an iteration' AS says,
       CASE WHEN EXISTS (FROM instructions i WHERE i.run_id = h.run_id AND i.machine_loop = h.machine_loop AND i.file LIKE '%shared_ptr%')
            THEN 'pass the shared_ptr by reference or move it: each copy counts its owners atomically' ELSE 'count in a local variable and add it once, or give each thread its own' END AS helps, NULL AS flags,
       [{'rows': 'FROM instructions WHERE kind = ''atomic'' AND machine_loop = ' || machine_loop, 'says': 'in the machine loop'}] AS evidence
FROM h LEFT JOIN counting c USING (run_id, machine_loop) WHERE loop IS NOT NULL AND atomics > 0 AND cycles IS NOT NULL
