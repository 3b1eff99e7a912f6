-- finds: each element names the place of the next, as in a list: nothing can be loaded before the load before it is done
-- refuted-by: with the nodes side by side in memory in the order of their use, the loop takes as long as before
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 3.3.3
SELECT run_id, id, CASE WHEN calls THEN 0.8
       -- what a container of the library is, is said of it
       WHEN regexp_matches(function, '^std::(__[a-z0-9]+::)?(_Hashtable|__hash_table|__detail::_|_Rb_tree|__tree|(__cxx11::)?(_?List|list|forward_list|__list))') THEN 0.65
       -- a small table in the first cache, as of a checksum, is followed by numbers, and no list
       WHEN NOT coalesce(each > 1.5 * model_cycles, false) AND NOT EXISTS (
           FROM instructions i WHERE i.run_id = h.run_id AND i.machine_loop = h.machine_loop AND i.origin = 'itself' AND i.load_bytes = 8) THEN 0.6
       ELSE 0.95 END AS strength, each / work_cycles * CASE WHEN searches THEN trip_count ELSE 1 END AS part,
       CASE WHEN looks THEN 'chains of elements are looked through, ' || printf('%.2f', trip_count) || ' steps each time: most looks are one load that misses the first cache'
            ELSE 'each element names the place of the next: a load waits for the load before it' || CASE WHEN searches THEN ', ' || printf('%.0f', trip_count) || ' steps each time, until one fits' ELSE '' END END || CASE WHEN each > 1.5 * model_cycles
            THEN ' (' || printf('%.1f', each) || CASE WHEN looks THEN ' cycles a look' ELSE ' cycles an element' END || '; from the first cache it were ' || printf('%.1f', model_cycles) || ')' ELSE '' END AS says,
       CASE WHEN looks THEN 'keep the first elements in the table itself (open addressing) and small, or begin several looks before the first is over (prefetch)'
            WHEN searches THEN 'take fewer steps: for chains of a hash table, more places in it, or a hash that mixes all bits of the key; for a list, a table or a sorted array in its place; or keep the elements side by side in the order of their use'
            ELSE 'keep the elements in an array, or at least side by side in the order of their use' END AS helps, NULL AS flags,
       [{'rows': 'FROM instructions WHERE load_bytes > 0 AND origin = ''itself'' AND machine_loop = ' || machine_loop,
         'says': 'a load gives the address of the next'}] AS evidence
-- where a chain is hardly followed, what is done most is to look whether there is anything
FROM (SELECT *, coalesce(trip_count < 1, false) AS looks,
             -- left at the end or at the element that is looked for, again and again
             coalesce(trip_count >= 4 AND entries > 100 AND branches > 1 AND stores = 0 AND NOT calls, false) AS searches, CASE WHEN looks THEN cycles * iterations / (iterations + entries) ELSE cycles END AS each FROM h) h
WHERE chased_loads > 0
