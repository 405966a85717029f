namespace BestOfN.Inference.Runtime;

/// <summary>
/// Whether the kernels of this project are used beside those of libtorch. A setting of the thread, such as inference mode.
/// </summary>
internal static class OwnKernels
{
    [ThreadStatic]
    private static bool t_areOff;

    public static bool AreOn => !t_areOff;

    /// <summary>
    /// For the rest of this thread's life: <see cref="DeviceWorker"/> does it where the operator wants libtorch's kernels alone.
    /// </summary>
    public static void TurnOff() => t_areOff = true;
}
