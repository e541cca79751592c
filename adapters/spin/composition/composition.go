// Package composition binds the interfaces between the gateway and an application that
// is composed with it into one component: gatehouse:component/exchange and application
// (adapters/spin/wit).
//
// A program that links this package is no component that a host loads: it has to be
// composed first (package componentize).
package composition
