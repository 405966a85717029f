using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace BestOfN.Training.Loops;

/// <summary>Runs pieces of work on all cores, each on a thread of its own that computes with one core.</summary>
internal static class ParallelWork
{
    /// <param name="count">How many pieces.</param>
    /// <param name="work">Gets the number of a piece, from 0. The first failure is thrown when all have ended.</param>
    /// <param name="threads">Most threads; null: one for each core.</param>
    public static void Run(int count, Action<int> work, int? threads = null)
    {
        var failures = new Exception?[count];
        var next = -1;
        void Work()
        {
            set_num_threads(1);
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                try
                {
                    work(i);
                }
                catch (Exception e)
                {
                    failures[i] = e;
                }
            }
        }

        Thread[] workers =
            [.. Enumerable.Range(0, Math.Min(threads ?? Environment.ProcessorCount, count))
                .Select(_ => new Thread(Work) { IsBackground = true })];
        foreach (var worker in workers)
        {
            worker.Start();
        }

        foreach (var worker in workers)
        {
            worker.Join();
        }

        if (Array.Find(failures, f => f is not null) is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }
}
