-- says: {side} {does}, and the other build does not
-- refuted-by: with the other build's container the time stays
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 3.3.3; Agner Fog, Optimizing software in C++, 9.7 (container classes)
SELECT loop, 0.9 AS strength, CASE WHEN key_a IS NULL THEN 'b' ELSE 'a' END AS side,
       CASE WHEN regexp_matches(named, '^std::(__[a-z0-9]+::)?(_Rb_tree|__tree)') THEN 'searches a tree (std::map, std::set) node by node'
            WHEN regexp_matches(named, '^std::(__[a-z0-9]+::)?(_Hashtable|__hash_table)') THEN 'looks through a hash table of nodes (std::unordered_map, std::unordered_set)'
            WHEN regexp_matches(named, '^std::(__[a-z0-9]+::)?(__cxx11::)?(_List|list|forward_list)') THEN 'walks through a list (std::list)'
            WHEN regexp_matches(named, '^std::__detail::_(Executor|NFA)') THEN 'follows a regular expression (std::regex) state by state' END AS does,
       ['loops: ' || named] AS evidence
FROM (SELECT *, coalesce(key_b, key_a) AS named FROM d WHERE (key_a IS NULL) <> (key_b IS NULL))
WHERE does IS NOT NULL
