using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Models.Devices;

/// <summary>Which element type a network computes in.</summary>
public static class ComputeTypes
{
    private static readonly Lazy<bool> s_cpuHasBFloat16 = new(() => HasBFloat16("/proc/cpuinfo"));

    /// <summary>True where the CPU multiplies bfloat16 in hardware; elsewhere it is many times slower than float32.</summary>
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
