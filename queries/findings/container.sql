-- finds: time in the nodes of a tree, hash table or list of the standard library, or in its regular expressions
-- refuted-by: with elements that lie side by side the time stays
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 3.3.3; Agner Fog, Optimizing software in C++, 9.7 (container classes)
WITH known AS (
    SELECT *, CASE WHEN regexp_matches(function, '^std::(__[a-z0-9]+::)?(_Rb_tree|__tree)') OR function LIKE '%\_Rb\_tree\_increment%' ESCAPE '\' THEN 'tree'
                   WHEN regexp_matches(function, '^std::(__[a-z0-9]+::)?(_Hashtable|__hash_table|__detail::_(Map_base|Hash))') THEN 'hash'
                   WHEN regexp_matches(function, '^std::(__[a-z0-9]+::)?(__cxx11::)?(_List|list|forward_list|__list)') THEN 'list'
                   WHEN regexp_matches(function, 'std::(__[a-z0-9]+::)?(__detail::_(Executor|NFA|State)|regex|basic_regex)') THEN 'regex' END AS container
    FROM h WHERE own
), freed AS (
    SELECT *, regexp_matches(function, '_Rb_tree.*::_M_erase\b|__tree.*::destroy|_M_clear\b|_M_deallocate_nodes|__deallocate_node|::(clear|~[a-z_]+)(\(|$)') AS frees FROM known
), told AS (
    -- as many elements as one bucket rarely has: in a chain (which divides, to know its end; a small table is gone through
    -- without) keys meet by their hash
    SELECT *, container = 'hash' AND NOT frees AND trip_count > 4 AND (divisions > 0 OR trip_count > 30) AS collide, first_value(id) OVER w AS head, sum(share) OVER w AS whole
    FROM freed WHERE container IS NOT NULL
    WINDOW w AS (PARTITION BY run_id, container, frees ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
)
SELECT run_id, id, whole AS of_time, nullif(head, id) AS within, CASE WHEN collide THEN 0.97 WHEN loop IS NOT NULL AND (cycles > 8 OR cycles IS NULL) THEN 0.96 ELSE 0.7 END AS strength,
       -- another container takes other steps; with a hash that tells keys apart one is left
       CASE WHEN collide THEN trip_count ELSE 'infinity'::DOUBLE END AS part,
       CASE WHEN collide THEN 'keys collide in a hash table (std::unordered_map, std::unordered_set): ' || printf('%.0f', trip_count) || ' elements are looked at each time' || coalesce(', ' || printf('%.0f', cycles) || ' cycles each', '') || ', where one or two were enough: the hash function puts many keys into few buckets'
            WHEN frees THEN CASE container WHEN 'tree' THEN 'the nodes of a tree (std::map, std::set)' WHEN 'hash' THEN 'the nodes of a hash table (std::unordered_map, std::unordered_set)' WHEN 'list' THEN 'the nodes of a list (std::list)' ELSE 'the states of a regular expression' END || ' are given back one by one'
            ELSE CASE container WHEN 'tree' THEN 'a tree (std::map, std::set) is searched node by node' WHEN 'hash' THEN 'a hash table of nodes (std::unordered_map, std::unordered_set) is looked through'
                 WHEN 'regex' THEN 'a regular expression (std::regex) is followed state by state, ' || printf('%.1f %%', 100 * whole) || ' in all' ELSE 'a list (std::list) is walked through' END END ||
       CASE WHEN collide THEN '' WHEN container <> 'regex' THEN coalesce(', ' || printf('%.0f', cycles) || CASE WHEN frees THEN ' cycles each' ELSE ' cycles a step' END, '') || CASE WHEN trip_count >= 1.5 AND NOT frees THEN ', ' || printf('%.0f', trip_count) || ' steps each time' ELSE '' END ELSE coalesce(', ' || CASE WHEN loop IS NULL THEN called END, '') END ||
       CASE WHEN frees OR collide OR container = 'regex' THEN '' WHEN container = 'tree' THEN ': each load waits for the one before it, and which way it goes is not known beforehand' ELSE ': nodes lie anywhere in memory, and each load waits for the one before it' END AS says,
       CASE WHEN frees THEN 'take the nodes from an arena that is given back as a whole (std::pmr::monotonic_buffer_resource), keep the container for the next use, or use one whose elements lie side by side'
            WHEN container = 'tree' THEN 'use a hash table, or a sorted vector or B-tree, whose elements lie side by side; look each key up once'
            WHEN collide THEN 'mend the hash function: mix the bits of all parts of a key (multiply by a large odd constant, and shift; x ^ y gives the same for many pairs, and std::hash of an integer is that integer), and let max_load_factor be'
            WHEN container = 'hash' THEN 'use a table with open addressing, whose elements lie side by side, with a cheap hash; reserve beforehand; look each key up once'
            WHEN container = 'regex' THEN 'look for the fixed part of the text first, make the expression once, or use a library that compiles it (RE2, PCRE2, CTRE)'
            ELSE 'use a vector' END AS helps, NULL AS flags,
       [{'rows': CASE WHEN loop IS NOT NULL THEN 'FROM hotspots WHERE ' || here ELSE 'FROM sample_shares WHERE loop IS NULL AND function = ''' || replace(symbol, '''', '''''') || '''' END, 'says': printf('%.1f %%', 100 * share) || ' of the time'}] AS evidence
FROM told
