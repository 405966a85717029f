using System.Runtime.Intrinsics;

namespace BestOfN.Inference.Kernels;

/// <inheritdoc cref="Lanes"/>
internal readonly unsafe struct Float32Lanes : ILanes<float>
{
    public static (Vector512<float> First, Vector512<float> Second) Load(float* from) => (Vector512.Load(from), Vector512.Load(from + 16));

    public static void Store(float* to, Vector512<float> first, Vector512<float> second)
    {
        first.Store(to);
        second.Store(to + 16);
    }

    public static (Vector512<float> First, Vector512<float> Second) Split(float* from) => Load(from);

    public static void Join(float* to, Vector512<float> first, Vector512<float> second) => Store(to, first, second);

    public static float Get(float* from) => *from;

    public static void Set(float* to, float value) => *to = value;
}
