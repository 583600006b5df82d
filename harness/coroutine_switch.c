/* coroutine_switch.c - see coroutine_switch.h. */
#include "harness/coroutine_switch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#define HAS(x) __has_feature(x)
#else
#define HAS(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || HAS(address_sanitizer)
#define WITH_ASAN 1
#include <sanitizer/common_interface_defs.h>
#else
#define WITH_ASAN 0
#endif
#if defined(__SANITIZE_THREAD__) || HAS(thread_sanitizer)
#define WITH_TSAN 1
#include <sanitizer/tsan_interface.h>
#else
#define WITH_TSAN 0
#endif
#if __has_include(<valgrind/valgrind.h>)
#define WITH_VALGRIND 1
#include <valgrind/valgrind.h>
#else
#define WITH_VALGRIND 0
#endif

/* ---- by hand --------------------------------------------------------------- */

#if defined(__x86_64__) || defined(__aarch64__)
#define WITH_ASSEMBLY 1

/* Push what a callee must keep, store the stack pointer, take the other one, pop. */
void coro_swap_stacks(void **save, void *load);

#if defined(__x86_64__)
__asm__(".text\n"
	".p2align 4\n"
	".globl coro_swap_stacks\n"
	".hidden coro_swap_stacks\n"
	".type coro_swap_stacks, @function\n"
	"coro_swap_stacks:\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	subq $8, %rsp\n"
	"	stmxcsr (%rsp)\n"
	"	fnstcw 4(%rsp)\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	ldmxcsr (%rsp)\n"
	"	fldcw 4(%rsp)\n"
	"	addq $8, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n"
	".size coro_swap_stacks, .-coro_swap_stacks\n");

enum { SAVED_WORDS = 7 }; /* six registers, and the control words of both floating-point units */

/* As if the context had called coro_swap_stacks() from the beginning of entry(). */
static void *first_frame(void *stack, size_t stack_bytes, void (*entry)(void))
{
	void **top = (void **)(void *)((char *)stack + stack_bytes);
	uint32_t control[2] = {0x1f80, 0x037f}; /* as a process begins: mxcsr, x87 */

	*--top = NULL; /* entry() returns nowhere; also aligns as after a call */
	memcpy(--top, &entry, sizeof(entry));
	for (int i = 1; i < SAVED_WORDS; i++)
		*--top = NULL;
	memcpy(--top, control, sizeof(control));
	return top;
}
#else
__asm__(".text\n"
	".p2align 4\n"
	".globl coro_swap_stacks\n"
	".hidden coro_swap_stacks\n"
	".type coro_swap_stacks, %function\n"
	"coro_swap_stacks:\n"
	"	sub sp, sp, #176\n"
	"	stp x19, x20, [sp, #0]\n"
	"	stp x21, x22, [sp, #16]\n"
	"	stp x23, x24, [sp, #32]\n"
	"	stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]\n"
	"	stp x29, x30, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]\n"
	"	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n"
	"	stp d14, d15, [sp, #144]\n"
	"	mrs x9, fpcr\n"
	"	str x9, [sp, #160]\n"
	"	mov x9, sp\n"
	"	str x9, [x0]\n"
	"	mov sp, x1\n"
	"	ldr x9, [sp, #160]\n"
	"	msr fpcr, x9\n"
	"	ldp x19, x20, [sp, #0]\n"
	"	ldp x21, x22, [sp, #16]\n"
	"	ldp x23, x24, [sp, #32]\n"
	"	ldp x25, x26, [sp, #48]\n"
	"	ldp x27, x28, [sp, #64]\n"
	"	ldp x29, x30, [sp, #80]\n"
	"	ldp d8, d9, [sp, #96]\n"
	"	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n"
	"	ldp d14, d15, [sp, #144]\n"
	"	add sp, sp, #176\n"
	"	ret\n"
	".size coro_swap_stacks, .-coro_swap_stacks\n");

enum { FRAME_BYTES = 176, LINK_REGISTER = 11 };

static void *first_frame(void *stack, size_t stack_bytes, void (*entry)(void))
{
	void **frame = (void **)(void *)((char *)stack + stack_bytes - FRAME_BYTES);

	memset(frame, 0, FRAME_BYTES);
	memcpy(&frame[LINK_REGISTER], &entry, sizeof(entry));
	return frame;
}
#endif
#else
#define WITH_ASSEMBLY 0
#endif

bool coro_switch_offered(enum coro_switch how)
{
	return how == CORO_UCONTEXT || (WITH_ASSEMBLY && how == CORO_ASSEMBLY);
}

const char *coro_switch_name(enum coro_switch how)
{
	return how == CORO_ASSEMBLY ? "assembly" : "ucontext";
}

/* ---- contexts -------------------------------------------------------------- */

static int make_ucontext(struct coro_context *c, void (*entry)(void))
{
	c->ucontext = calloc(1, sizeof(*c->ucontext));
	if (!c->ucontext)
		return -ENOMEM;
	if (!entry)
		return 0;
	if (getcontext(c->ucontext) != 0)
		return -errno;
	c->ucontext->uc_stack.ss_sp = c->stack;
	c->ucontext->uc_stack.ss_size = c->stack_bytes;
	makecontext(c->ucontext, entry, 0);
	return 0;
}

static void announce(struct coro_context *c)
{
#if WITH_TSAN
	c->fiber = c->own ? __tsan_get_current_fiber() : __tsan_create_fiber(0);
#endif
#if WITH_VALGRIND
	if (!c->own)
		c->valgrind_id = (unsigned)VALGRIND_STACK_REGISTER(
			c->stack, (char *)c->stack + c->stack_bytes);
#endif
	(void)c;
}

int coro_context_init(struct coro_context *c, enum coro_switch how, void *stack, size_t stack_bytes,
	void (*entry)(void))
{
	int err = 0;

	*c = (struct coro_context){.stack = stack, .stack_bytes = stack_bytes};
	if (!coro_switch_offered(how))
		return -ENOTSUP;
#if WITH_ASSEMBLY
	if (how == CORO_ASSEMBLY)
		c->sp = first_frame(stack, stack_bytes, entry);
#endif
	if (how == CORO_UCONTEXT)
		err = make_ucontext(c, entry);
	if (!err)
		announce(c);
	return err;
}

int coro_context_init_own(struct coro_context *c, enum coro_switch how)
{
	int err = 0;

	*c = (struct coro_context){.own = true};
	if (!coro_switch_offered(how))
		return -ENOTSUP;
	if (how == CORO_UCONTEXT)
		err = make_ucontext(c, NULL);
	if (!err)
		announce(c);
	return err;
}

void coro_context_free(struct coro_context *c)
{
#if WITH_TSAN
	if (!c->own && c->fiber)
		__tsan_destroy_fiber(c->fiber);
#endif
#if WITH_VALGRIND
	if (c->valgrind_id)
		VALGRIND_STACK_DEREGISTER(c->valgrind_id);
#endif
	free(c->ucontext);
	c->ucontext = NULL;
	c->fiber = NULL;
}

void coro_context_entered(struct coro_context *c, struct coro_context *from)
{
#if WITH_ASAN
	const void *bottom;
	size_t bytes;

	__sanitizer_finish_switch_fiber(c->fake_stack, &bottom, &bytes);
	if (from->own && from->stack_bytes == 0) { /* the thread's own: now its bounds are known */
		from->stack = (void *)(uintptr_t)bottom;
		from->stack_bytes = bytes;
	}
#else
	(void)c;
	(void)from;
#endif
}

void coro_context_switch(struct coro_context *from, struct coro_context *to, bool last)
{
#if WITH_ASAN
	__sanitizer_start_switch_fiber(last ? NULL : &from->fake_stack, to->stack, to->stack_bytes);
#else
	(void)last;
#endif
#if WITH_TSAN
	__tsan_switch_to_fiber(to->fiber, 0);
#endif
	if (from->ucontext)
		swapcontext(from->ucontext, to->ucontext);
#if WITH_ASSEMBLY
	else
		coro_swap_stacks(&from->sp, to->sp);
#endif
#if WITH_ASAN
	__sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
#endif
}
