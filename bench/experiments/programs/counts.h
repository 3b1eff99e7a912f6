// With COUNT, each function is other machine code and takes the same time.
#ifdef COUNT
#define COUNTED(name) unsigned long name##_calls;
#define CALLED(name) name##_calls++
#else
#define COUNTED(name)
#define CALLED(name) (void)0
#endif
