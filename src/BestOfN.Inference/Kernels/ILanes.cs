using System.Runtime.Intrinsics;

namespace BestOfN.Inference.Kernels;

/// <inheritdoc cref="Lanes"/>
internal unsafe interface ILanes<T>
    where T : unmanaged
{
    static abstract (Vector512<float> First, Vector512<float> Second) Load(T* from);

    static abstract void Store(T* to, Vector512<float> first, Vector512<float> second);

    /// <summary>As <see cref="Load"/>, but in whatever order is the cheapest; <see cref="Join"/> knows it.</summary>
    static abstract (Vector512<float> First, Vector512<float> Second) Split(T* from);

    static abstract void Join(T* to, Vector512<float> first, Vector512<float> second);

    static abstract float Get(T* from);

    static abstract void Set(T* to, float value);
}
