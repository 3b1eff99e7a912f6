-- finds: an atomic operation in every iteration: it orders memory, and with several threads its line moves between cores
-- refuted-by: with a counter of each thread's own the loop takes as long as before
-- source: Intel 64 and IA-32 Architectures Optimization Reference Manual, 11 (multicore); Drepper (2007), 6.4
SELECT run_id, id, 0.9 AS strength, cycles / (work_cycles) AS part,
       atomics || ' atomic operation' || CASE WHEN atomics > 1 THEN 's' ELSE '' END || ' in each pass: ' || printf('%.0f', cycles) || ' cycles an iteration' AS says,
       CASE WHEN EXISTS (FROM instructions i WHERE i.run_id = h.run_id AND i.machine_loop = h.machine_loop AND i.file LIKE '%shared_ptr%')
            THEN 'pass the shared_ptr by reference or move it: each copy counts its owners atomically' ELSE 'count in a local variable and add it once, or give each thread its own' END AS helps, NULL AS flags,
       [{'rows': 'FROM instructions WHERE kind = ''atomic'' AND machine_loop = ' || machine_loop, 'says': 'in the machine loop'}] AS evidence
FROM h WHERE loop IS NOT NULL AND atomics > 0 AND cycles IS NOT NULL
