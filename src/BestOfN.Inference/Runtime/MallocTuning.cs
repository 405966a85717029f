using System.Runtime.InteropServices;

namespace BestOfN.Inference.Runtime;

/// <summary>Settings of the C library's allocator, for memory that libtorch frees.</summary>
public static partial class MallocTuning
{
    // malloc.h of glibc.
    private const int M_TRIM_THRESHOLD = -1;
    private const int M_TOP_PAD = -2;
    private const int M_MMAP_THRESHOLD = -3;

    private const int Megabyte = 1 << 20;

    /// <summary>
    /// Keeps freed memory for the next allocation instead of returning it to the system. A training step or a scoring pass frees and takes
    /// the same hundreds of megabytes again, and touching new pages takes up to half of a step's time. For programs that do one thing; the
    /// peak stays what it was.
    /// </summary>
    /// <remarks>Does nothing where the C library is not glibc. Thread-safe.</remarks>
    public static void KeepFreedMemory()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = mallopt(M_TRIM_THRESHOLD, int.MaxValue);
            _ = mallopt(M_TOP_PAD, 64 * Megabyte);
            _ = mallopt(M_MMAP_THRESHOLD, 32 * Megabyte);   // the largest that is taken
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // Another C library decides for itself.
        }
    }

    [LibraryImport("libc.so.6")]
    private static partial int mallopt(int param, int value);
}
