using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace BestOfN.Inference.Runtime;

/// <summary>Work of our own on the threads that libtorch computes with.</summary>
/// <remarks>
/// Between two operators those threads wait for the next without giving up their cores, so threads of another kind would come second.
/// Where libtorch was built without OpenMP the work is done on the calling thread.
/// </remarks>
internal static unsafe class TorchThreads
{
    // omp.h has no call for this; compilers write it for a parallel region. LLVM's runtime has it, too.
    private static readonly delegate* unmanaged<delegate* unmanaged<nint, void>, nint, uint, uint, void> s_parallel =
        (delegate* unmanaged<delegate* unmanaged<nint, void>, nint, uint, uint, void>)TorchRuntime.Export("GOMP_parallel");

    /// <summary>Runs all parts, each once, and returns when they are done.</summary>
    /// <param name="count">How many.</param>
    /// <param name="part">Gets the number of a part; must not touch tensors.</param>
    public static void Run(int count, Action<int> part)
    {
        var threads = Math.Min(count, get_num_threads());
        if (threads <= 1 || s_parallel is null)
        {
            for (var i = 0; i < count; i++)
            {
                part(i);
            }

            return;
        }

        var work = new Work(count, part);
        var handle = GCHandle.Alloc(work);
        try
        {
            s_parallel(&Body, GCHandle.ToIntPtr(handle), (uint)threads, 0);
        }
        finally
        {
            handle.Free();
        }

        if (work.Failure is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    [UnmanagedCallersOnly]
    private static void Body(nint handle) => ((Work)GCHandle.FromIntPtr(handle).Target!).Run();

    private sealed class Work(int count, Action<int> part)
    {
        private int _next = -1;

        public Exception? Failure { get; private set; }

        public void Run()
        {
            try
            {
                for (var i = Interlocked.Increment(ref _next); i < count; i = Interlocked.Increment(ref _next))
                {
                    part(i);
                }
            }
            catch (Exception e)
            {
                Failure = e;        // none may leave through native frames
            }
        }
    }
}
