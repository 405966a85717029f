using System.Globalization;
using System.Runtime.InteropServices;

namespace BestOfN.Inference.Runtime;

/// <summary>Sizes of the caches of operators that oneDNN, inside libtorch, has compiled.</summary>
/// <remarks>
/// oneDNN compiles an operator for every shape. Two caches keep them, oneDNN's own and that of libtorch's layer above it, 1,024 operators
/// each unless the environment says otherwise; one frees nothing while the other still holds it. A limit set from outside stays. Nothing
/// here has an effect on Windows. Thread-safe.
/// </remarks>
public static partial class OneDnnPrimitiveCache
{
    private const int KeptForRequests = 256;
    private const int KeptForTraining = 16_384;
    private const int Default = 1024;

    private const string Capacity = "DNNL_PRIMITIVE_CACHE_CAPACITY";
    private const string NewerCapacity = "ONEDNN_PRIMITIVE_CACHE_CAPACITY";
    private const string LayerCapacity = "LRU_CACHE_CAPACITY";

    private static bool s_isCapacityOurs, s_isLayerCapacityOurs;

    /// <summary>
    /// Keeps few operators: requests have ever new shapes, so that most of a full cache is never asked again, and an operator holds up to
    /// half a megabyte of code. With 256 the pocket models need as much processor time as with 1,024 and settle at 0.39 GB instead of 0.67.
    /// </summary>
    /// <remarks>To be called before libtorch is loaded, which reads the limit once.</remarks>
    internal static void LimitForRequests()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        try
        {
            s_isCapacityOurs = !IsSet(Capacity) && !IsSet(NewerCapacity);
            s_isLayerCapacityOurs = !IsSet(LayerCapacity);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // Another C library: its caches stay as they are.
        }

        Set(s_isCapacityOurs, Capacity, KeptForRequests);
        Set(s_isLayerCapacityOurs, LayerCapacity, KeptForRequests);
    }

    /// <summary>
    /// Keeps more operators: a training meets more than 1,024 again and again, and compiling them anew takes a seventh of its time.
    /// </summary>
    /// <remarks>Works until the first operator is compiled.</remarks>
    public static void EnlargeForTraining()
    {
        Set(s_isCapacityOurs, Capacity, KeptForTraining);
        Set(s_isLayerCapacityOurs, LayerCapacity, Default);
    }

    // Not the methods of Environment: those work on a copy, which native code does not see.
    private static bool IsSet(string name) => getenv(name) != 0;

    private static void Set(bool isOurs, string name, int count)
    {
        if (isOurs)
        {
            _ = setenv(name, count.ToString(CultureInfo.InvariantCulture), overwrite: 1);
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint getenv(string name);
}
