-- finds: each element names the place of the next, as in a list: nothing can be loaded before the load before it is done
-- refuted-by: with the nodes side by side in memory in the order of their use, the loop takes as long as before
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 3.3.3
SELECT run_id, id, CASE WHEN calls THEN 0.8 ELSE 0.95 END AS strength, cycles / work_cycles AS part,
       'each element names the place of the next: a load waits for the load before it' || CASE WHEN cycles > 1.5 * model_cycles
            THEN ' (' || printf('%.1f', cycles) || ' cycles an element; from the first cache it were ' || printf('%.1f', model_cycles) || ')' ELSE '' END AS says,
       'keep the elements in an array, or at least side by side in the order of their use' AS helps, NULL AS flags,
       [{'rows': 'FROM instructions WHERE load_bytes > 0 AND origin = ''itself'' AND machine_loop = ' || machine_loop,
         'says': 'a load gives the address of the next'}] AS evidence
FROM h WHERE chased_loads > 0
