using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Inference.Runtime;

/// <summary>Which element type a network computes in.</summary>
public static class ComputeTypes
{
    private static readonly Lazy<bool> s_cpuHasBFloat16 = new(() => HasBFloat16("/proc/cpuinfo") && Aten.OneDnnHasBFloat16);

    /// <summary>
    /// True where the CPU multiplies bfloat16 in hardware and oneDNN makes use of it; elsewhere it is many times slower than float32.
    /// </summary>
    public static bool CpuHasBFloat16 => s_cpuHasBFloat16.Value;

    /// <param name="name"><c>auto</c>, <c>float32</c> or <c>bfloat16</c>. Auto is bfloat16 wherever the hardware computes in it.</param>
    /// <param name="device">Where the network runs.</param>
    /// <exception cref="ArgumentException">Another name.</exception>
    public static ScalarType Of(string name, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return name switch
        {
            "float32" => ScalarType.Float32,
            "bfloat16" => ScalarType.BFloat16,
            "auto" => device.type == DeviceType.CUDA || CpuHasBFloat16 ? ScalarType.BFloat16 : ScalarType.Float32,
            _ => throw new ArgumentException($"dtype: expected auto, float32 or bfloat16, found {name}.", nameof(name)),
        };
    }

    /// <summary>
    /// How far results for the same input may lie apart when other requests are computed beside it, where they are not the same to the last
    /// bit: as a part of their size, or of 1 where they are smaller. About 25 roundings of bfloat16 (2⁻⁸), some hundreds of float32's in
    /// sums of thousands of numbers.
    /// </summary>
    public static double Tolerance(ScalarType type) => type == ScalarType.Float32 ? 1e-4 : 0.1;

    internal static bool HasBFloat16(string cpuInfo)
    {
        if (!File.Exists(cpuInfo))
        {
            return false;
        }

        var flags = File.ReadLines(cpuInfo).FirstOrDefault(l => l.StartsWith("flags", StringComparison.Ordinal)) ?? "";
        return flags.Split(' ').Any(f => f is "avx512_bf16" or "amx_bf16");
    }
}
