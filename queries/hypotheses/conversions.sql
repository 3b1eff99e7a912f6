-- says: {side} converts numbers from float to double and back in the loop, the other build does not: {count} instructions, and half as many numbers in a vector
-- refuted-by: computed in one type, both take the same time
-- expects: CASE side WHEN 'b' THEN 'slower' ELSE 'faster' END
-- source: C11 6.3.1.8 (usual arithmetic conversions); Agner Fog, Optimizing software in C++, 14.8
SELECT loop, 0.93 AS strength, CASE WHEN conversions_b > 0 THEN 'b' ELSE 'a' END AS side, greatest(conversions_a, conversions_b) AS count,
       list_filter([counted('conversions', conversions_a, conversions_b), counted('operations on double', double_operations_a, double_operations_b),
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d WHERE least(conversions_a, conversions_b) = 0 AND greatest(conversions_a, conversions_b) > 0
